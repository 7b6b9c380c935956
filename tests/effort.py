"""How much the tests with random inputs try. HW5_EFFORT=10 lets them try ten times as much as `make test` does."""

import os

EFFORT = int(os.environ.get("HW5_EFFORT", "1"))
