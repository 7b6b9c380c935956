"""The parameters page, without a browser: edits, addresses and misfits."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[2] / "app.py")


def _open(net: str | None = None) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=30)
    if net is not None:
        app.query_params["net"] = net
    return app.run()


def _shown(app: AppTest) -> str:
    return " ".join(element.value for element in app.markdown) + " ".join(html.proto.body for html in app.get("html"))


def test_the_homework_stands_there_at_first() -> None:
    shown = _shown(_open())
    assert "3,747,200" in shown
    assert r"256\cdot 384\cdot (3\cdot 3)+384" in shown
    assert "| Conv2d-5 " in shown


def test_a_slider_changes_the_count_of_its_layer_and_of_the_next() -> None:
    app = _open()
    app.slider(key="layer 0 out_channels").set_value(64).run()
    app = app.run()
    shown = _shown(app)
    # 64 channels instead of 96: 3·64·121+64 in the first layer and 64·256·25+256 in the second.
    assert "23,296" in shown
    assert "409,856" in shown
    assert app.query_params["net"].startswith("3x244x244 conv64k11s4 relu conv256k5p1")


def test_a_link_opens_its_network() -> None:
    assert "| Conv2d-1 | $1\\cdot 7\\cdot (3\\cdot 3)+7$ | 7×26×26 | 70 |" in _shown(_open("1x28x28 conv7k3"))


@pytest.mark.parametrize("net", ["conv", "3x244x244 conv1k0", "<script>alert(1)</script>", "3x4 " * 5000, "१x२x३", ""])
def test_a_bad_link_says_what_is_wrong_and_shows_the_homework(net: str) -> None:
    app = _open(net)
    assert not app.exception
    assert "cannot be read" in app.error[0].value
    assert "3,747,200" in _shown(app)


def test_a_misfit_names_the_mend_and_keeps_what_came_before() -> None:
    app = _open("3x7x7 conv8k3 conv4k11 relu")
    assert not app.exception
    assert "kernel 11 does not fit a 5x5 input: padding 3 or more, or kernel 5 or less" in app.error[0].value
    shown = _shown(app)
    assert "| Conv2d-1 | $3\\cdot 8\\cdot (3\\cdot 3)+8$ | 8×5×5 | 224 |" in shown
    assert "| ⚠️ Conv2d-2 | | ? | ? |" in shown
