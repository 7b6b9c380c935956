"""What the layer editor is given to draw: controls end where the layer stops fitting, and a misfit is marked."""

from types import SimpleNamespace
from typing import Any

import pytest

from hw5core.network import editing
from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from pages.parts.count import editor, work


def _cards(text: str, selected: int | None = None) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = editor._shown(count(parse(text)), selected)["cards"]
    return cards


def _control(card: dict[str, Any], field: str) -> dict[str, Any]:
    return next(control for control in card["controls"] if control["field"] == field)


def test_a_card_for_the_input_and_for_each_layer() -> None:
    cards = _cards(PRESETS["homework"].text, selected=3)
    assert [card["name"] for card in cards[:4]] == ["Input", "Conv2d-1", "ReLU-2", "Conv2d-3"]
    assert cards[1]["facts"] == "96×59×59 · 34,944"
    assert [card["name"] for card in cards if card["selected"]] == ["Conv2d-3"]


def test_the_kernels_slider_ends_where_it_stops_fitting() -> None:
    _, conv = _cards("3x7x7 conv8k3p1")
    kernel = _control(conv, "kernel_size")
    assert (kernel["lowest"], kernel["highest"]) == (1, 9)
    assert count(parse("3x7x7 conv8k9p1")).misfit is None
    assert count(parse("3x7x7 conv8k10p1")).misfit is not None


def test_a_large_network_moves_the_sliders_end_but_not_the_limit() -> None:
    _, conv, *_ = _cards("3x64x64 conv900k3")
    channels = _control(conv, "out_channels")
    assert (channels["highest"], channels["limit"]) == (900, 1_000_000)
    assert _control(_cards("3x64x64 conv9k3")[1], "out_channels")["highest"] == 512


def test_channels_step_by_groups_and_only_fitting_groups_are_offered() -> None:
    _, conv = _cards("8x64x64 conv12k3g4")
    channels = _control(conv, "out_channels")
    assert (channels["step"], channels["lowest"]) == (4, 4)
    assert [value for value, _ in _control(conv, "groups")["options"]] == [1, 2, 4]


def test_a_misfit_is_marked_and_what_follows_waits() -> None:
    _, first, second, third = _cards("3x7x7 conv8k3 conv8k11 relu")
    assert (first["error"], first["waits"]) == ("", False)
    assert "kernel 11 does not fit a 5x5 input: padding 3 or more" in second["error"]
    assert (third["error"], third["waits"], third["facts"]) == ("", True, "?")
    assert _control(second, "kernel_size")["value"] == 11


@pytest.mark.parametrize(
    "forged", [None, "text", [], {}, {"place": "0"}, {"place": 0, "field": "out_channels"}, {"place": 0, "value": 3}]
)
def test_what_has_not_the_form_of_a_report_is_passed_over(forged: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editor.st, "session_state", {editor.KEY: SimpleNamespace(edit=forged)})
    editor._edited()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"place": 99, "field": "out_channels", "value": 3},
        {"place": 0, "field": ["out_channels"], "value": 3},
        {"place": 0, "field": "__class__", "value": 3},
        {"place": 0, "field": "out_channels", "value": 10**30},
        {"place": -1, "field": "height", "value": 3},
        {"place": -1, "field": "0", "value": "3"},
    ],
)
def test_a_report_that_makes_no_sense_leaves_the_network_and_says_so(
    nonsense: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    state: dict[str, Any] = {editor.KEY: SimpleNamespace(edit=nonsense)}
    monkeypatch.setattr("streamlit.session_state", state)
    editor._edited()
    current = work.current_work()
    assert str(current.network) == PRESETS["homework"].text
    assert current.refusal.startswith("Not done: ")


def test_a_drag_is_one_step_back_and_the_address_waits_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    query: dict[str, str] = {}
    monkeypatch.setattr("streamlit.session_state", {})
    monkeypatch.setattr("streamlit.query_params", query)
    for channels in (97, 120, 200):
        work.move_control(lambda network, channels=channels: editing.set_field(network, 0, "out_channels", channels))
    assert query == {}
    work.settle()
    assert "conv200k11s4" in query["net"]
    work.undo()
    assert str(work.current_work().network) == PRESETS["homework"].text
