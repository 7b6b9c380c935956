"""Whose browser it is: the same after a reload, never another's, and no error for a cookie that is none."""

import pytest

from pages.parts.shared.browser import _unmasked

FIRST = "2|a0fa0b02|7f6c5b81982750b3e7bdf0443b774f09|1795444936"
RELOADED = "2|fc2f31df|23b9615cc4f26a6ebb68ca9967a275d4|1795444936"


def test_a_browsers_secret_is_the_same_under_every_mask() -> None:
    assert _unmasked(FIRST) == _unmasked(RELOADED) != b""


@pytest.mark.parametrize("cookie", ["", "2|a0|zz|1", "2||00|1", "1|a0|ff|1", "|||", "2|a0fa0b02|7f6c5b81", "ü|ü|ü|ü"])
def test_what_is_no_such_cookie_gives_no_secret(cookie: str) -> None:
    assert _unmasked(cookie) == b""
