"""The token of a browser: the same in each of its tabs, and never an error for a cookie that another program set."""

import pytest

from pages.parts.shared.streamlit_internals import cookie_secret

FIRST = "2|a0fa0b02|7f6c5b81982750b3e7bdf0443b774f09|1795444936"
RELOADED = "2|fc2f31df|23b9615cc4f26a6ebb68ca9967a275d4|1795444936"


def test_the_secret_is_the_same_under_every_mask() -> None:
    assert cookie_secret(FIRST) == cookie_secret(RELOADED) != b""


@pytest.mark.parametrize("cookie", ["", "2|a0|zz|1", "2||00|1", "1|a0|ff|1", "|||", "2|a0fa0b02|7f6c5b81", "ü|ü|ü|ü"])
def test_another_cookie_has_no_secret(cookie: str) -> None:
    assert cookie_secret(cookie) == b""
