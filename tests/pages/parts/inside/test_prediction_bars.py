"""The bars of the predictions: what each class is called."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import html

SCRIPT = """
from hw5core.runs.config import RunConfig
from pages.parts.inside.prediction_bars import prediction_bars

prediction_bars((RunConfig(dataset="{dataset}"),), ((0.0,) * 7 + (1.0, 0.0, 0.0),))
"""


@pytest.mark.parametrize(("dataset", "name"), [("mnist", "7"), ("fashion", "7 <small>sneaker</small>")])
def test_a_class_that_is_no_digit_has_its_name(dataset: str, name: str) -> None:
    app = AppTest.from_string(SCRIPT.format(dataset=dataset)).run()
    assert not app.exception
    labels = re.findall(r'<th scope="row">(.*?)</th>', html(app))
    assert len(labels) == 10
    assert labels[7] == name
    assert f"predicts{' sneaker' * (dataset == 'fashion')}<" in html(app)
