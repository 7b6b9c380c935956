"""A decimal comma in a page's URL: the page says how to write the number."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest


@pytest.mark.parametrize(
    ("page", "parameter", "written", "advice"),
    [
        (
            "train",
            "learning-rate",
            "0,05",
            "learning rate in the URL: write decimals with a point, 0.05 instead of 0,05",
        ),
        ("train", "momentum", ",9", "momentum in the URL: write decimals with a point, .9 instead of ,9"),
        ("sweep", "seeds", "2,5", "seeds in the URL: write decimals with a point, 2.5 instead of 2,5"),
    ],
)
def test_a_decimal_comma_in_the_url_is_refused_with_that_reason(
    open_page: Callable[..., AppTest], page: str, parameter: str, written: str, advice: str
) -> None:
    app = open_page(page, **{parameter: written})
    assert not app.exception
    assert [error.value for error in app.error] == [advice]
