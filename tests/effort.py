"""How much the tests with random inputs try. With HW5_EFFORT=10 they try ten times as much as in `make test`."""

import os

import pytest

EFFORT = int(os.environ.get("HW5_EFFORT", "1"))

TIMEOUT = pytest.mark.timeout(600 * EFFORT)
"""A mark for tests that take longer with more effort."""
