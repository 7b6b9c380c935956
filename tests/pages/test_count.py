"""The Count page without a browser: numbers, presets, the one-line form, undo, misfits, and bad addresses."""

import json
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from hw5core.network.presets import PRESETS
from hw5core.training.module_report import module_report
from pages.parts.count.tables import AGREES
from pages.parts.shared import server
from tests.inline_engine import InlineEngine
from tools.waiting import PATIENCE_SECONDS

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> InlineEngine:
    """An engine that computes PyTorch's report in this process."""
    inline = InlineEngine()
    monkeypatch.setattr(server, "engine", lambda: inline)
    return inline


@pytest.fixture
def page(engine: InlineEngine) -> AppTest:
    """The app at its start page, not run yet."""
    st.cache_resource.clear()
    return AppTest.from_file(str(APP), default_timeout=PATIENCE_SECONDS)


def _text(page: AppTest) -> str:
    assert not page.exception
    tables = [f"| {' | '.join(row['words'])} |" for row in _rows(page)]
    return "\n".join(
        [*(markdown.value for markdown in page.markdown), *(html.proto.body for html in page.get("html")), *tables]
    )


def _rows(page: AppTest) -> list[dict[str, Any]]:
    """Return the rows of the live tables."""
    components = [component.proto for component in page.get("bidi_component")]
    tables = [json.loads(proto.json) for proto in components if proto.component_name == "hw5_live_table"]
    return [row for table in tables for row in table["rows"]]


def _errors(page: AppTest) -> str:
    return " ".join(error.value for error in page.error)


def test_the_page_opens_with_the_homework(page: AppTest) -> None:
    text = _text(page.run())
    assert "3,747,200" in text
    for parameters in ("34,944", "614,656", "885,120", "1,327,488", "884,992"):
        assert parameters in text
    assert "| 3 ⋅ 96 ⋅ (11 ⋅ 11) + 96 |" in text
    assert "| torchsummary, MiB | 0.68 | 56.63 | 14.29 | 71.61 |" in text


def test_every_row_has_a_tick_when_the_report_is_there(page: AppTest) -> None:
    page.run()
    text = _text(page.run())
    assert text.count(f"| {AGREES} |") == 11
    assert "| torchinfo, MB | 0.71 | 29.69 | 14.99 | 45.39 |" in text


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_opens(page: AppTest, name: str) -> None:
    page.run().selectbox(key="preset").set_value(name).run()
    _text(page)
    assert page.text_input[0].value == PRESETS[name].text
    assert page.query_params["net"] in (PRESETS[name].text, [PRESETS[name].text])
    assert not page.error


def test_undo_returns_to_the_homework(page: AppTest) -> None:
    page.run().selectbox(key="preset").set_value("lenet-5").run()
    assert "61,706" in _text(page)
    next(button for button in page.button if button.label == "Undo").click().run()
    assert "3,747,200" in _text(page)


def test_a_typed_line_is_read_and_a_wrong_one_changes_nothing(page: AppTest) -> None:
    page.run().text_input[0].set_value("1x28x28 flatten linear10").run()
    assert "7,850" in _text(page)
    page.text_input[0].set_value("1x28x28 flatten linear10 convolution").run()
    assert "7,850" in _text(page)
    assert "word 4, “convolution”: not a layer" in _errors(page)
    assert page.text_input[0].value.endswith("convolution")


def test_a_misfit_names_the_correction_and_keeps_the_layers_before_it(page: AppTest) -> None:
    page.query_params["net"] = "3x7x7 conv8k3p1 conv8k11"
    text = _text(page.run())
    assert "kernel 11 does not fit a 7x7 input: padding 2 or more, or kernel 7 or less" in _errors(page)
    assert "| Conv2d-1 |" in text
    assert "224" in text
    assert "⚠️ Conv2d-2 | ?" in text


def test_an_input_with_the_channels_last_is_corrected_with_one_click(page: AppTest) -> None:
    page.query_params["net"] = "224x224x3 conv8k3 relu"
    _text(page.run())
    (warning,) = page.warning
    assert "224 channels that is 3 pixels wide" in warning.value
    assert "`3x224x224 conv8k3 relu`" in warning.value
    next(button for button in page.button if button.label == "Use 3x224x224").click().run()
    assert "| Conv2d-1 | 3 ⋅ 8 ⋅ (3 ⋅ 3) + 8 | 8×222×222 | 224 |" in _text(page)
    assert not page.warning
    assert page.query_params["net"] in ("3x224x224 conv8k3 relu", ["3x224x224 conv8k3 relu"])


def test_memory_is_shown_for_the_batch_size_in_the_link(page: AppTest) -> None:
    page.query_params["net"] = "1x28x28 conv8k3 bn relu"
    page.query_params["images-per-batch"] = "32"
    text = _text(page.run())
    assert "outputs 1.98 MiB for 32 images" in text
    # 3 outputs of 8x26x26 values with their gradients, and the input, each with 4 bytes
    assert f"| torchsummary, MiB | {32 * 784 * 4 / 2**20:.2f} | {32 * 3 * 5408 * 8 / 2**20:.2f} |" in text
    assert "These sizes are for a batch of 32. The complete tables are for a batch of one." in text
    assert "here 16 values. They are not trained" in " ".join(caption.value for caption in page.caption)
    page.number_input(key="images-per-batch").set_value(1).run()
    assert "outputs 63.4 KiB" in _text(page)


@pytest.mark.parametrize("batch", ["0", "-3", "many", "1e9", "9" * 400, "2.5"])
def test_a_batch_size_that_cannot_be_used_is_named(page: AppTest, batch: str) -> None:
    page.query_params["images-per-batch"] = batch
    assert "3,747,200" in _text(page.run())
    assert "batch size in this page's URL must be a whole number from 1 to 100,000" in _errors(page)


def test_a_link_opens_its_network(page: AppTest) -> None:
    page.query_params["net"] = "1x28x28 conv7k3"
    assert "| Conv2d-1 | 1 ⋅ 7 ⋅ (3 ⋅ 3) + 7 | 7×26×26 | 70 |" in _text(page.run())
    assert next(button for button in page.button if button.label == "Undo").disabled


def test_a_link_opened_during_a_visit_can_be_undone(page: AppTest) -> None:
    page.run()
    page.query_params["net"] = "1x28x28 conv7k3"
    page.run()
    next(button for button in page.button if button.label == "Undo").click().run()
    assert "3,747,200" in _text(page)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1x9x9" + " relu" * 10_000, "at most 4,000 characters"),
        ("1x9x9" + " relu" * 101, "at most 100 layers"),
        ("3x244x244 conv1" + "0" * 30 + "k3", "channels must be a whole number from 1 to 1,000,000"),
        ("3x244x244 conv-8k3", "word 2"),
        ("<script>alert(1)</script>", "word 1"),
        ("३x२४४x२४४ relu", "word 1"),
        ("", "empty"),
        ("../../etc/passwd\x00", "word 1"),
    ],
)
def test_a_bad_network_in_the_address_gets_a_message(page: AppTest, text: str, message: str) -> None:
    page.run()
    page.query_params["net"] = text
    shown = _text(page.run())
    assert message in _errors(page)
    assert "3,747,200" in shown


def test_a_hundred_billion_parameters_are_counted(page: AppTest) -> None:
    page.run()
    page.query_params["net"] = "1x1000x1000 flatten linear100000"
    assert "100,000,100,000" in _text(page.run())


def test_a_failed_report_is_mentioned_and_the_page_works(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def submit(self, *_: Any) -> "Future[Any]":
            future: Future[Any] = Future()
            future.set_exception(RuntimeError("no such worker"))
            return future

    monkeypatch.setattr(server, "engine", Broken)
    page.run()
    assert "3,747,200" in _text(page.run())
    assert "no such worker" in " ".join(warning.value for warning in page.warning)


def test_the_comparison_shows_only_differences(page: AppTest) -> None:
    page.run()
    next(button for button in page.button if button.label.startswith("Pin")).click().run()
    line = PRESETS["homework"].text.replace("conv384k3p1 relu conv384k3p1", "conv384k3p1 relu conv192k3p1")
    page.text_input[0].set_value(line).run()
    text = _text(page)
    assert "| parameters | 3,747,200 | 2,641,088 | -1,106,112 | 0.7048 |" in text
    layers = next(text for text in (markdown.value for markdown in page.markdown) if text.startswith("| A |"))
    assert "Conv2d-7" in layers
    assert "Conv2d-9" in layers
    assert "Conv2d-1 " not in layers


def test_a_worker_is_asked_once_for_each_network(page: AppTest, engine: InlineEngine) -> None:
    page.run()
    page.run()
    assert engine.submitted == [(module_report, PRESETS["homework"].text)]


def test_formulas_and_costs_are_one_click_away(page: AppTest) -> None:
    page.run()
    page.get("button_group")[0].set_value("Formulas").run()
    text = _text(page)
    assert r"$3\cdot 96\cdot (11\cdot 11)+96=34{,}944$" in text
    assert r"$\left\lfloor\frac{244+2\cdot 0-1\cdot(11-1)-1}{4}\right\rfloor+1=59$" in text
    page.get("button_group")[0].set_value("Cost").run()
    # 96·3·121 weights, each used at 59·59 positions; an operation is a multiplication or an addition.
    assert "| Conv2d-1 | 0.9% | 121,305,888 | 242,611,776 | 1.27 MiB | 11×11 |" in _text(page)
