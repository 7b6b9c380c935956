"""The layer editor: controls end where the layer stops fitting, misfits are marked, forged reports change nothing."""

from typing import Any

import pytest

from hw5core.network.counting import count
from hw5core.network.editing import square
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from pages.parts.count import state
from pages.parts.count.editor import apply_edit, editor_data


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An empty session. Returns the parameters of its address."""
    address: dict[str, str] = {}
    monkeypatch.setattr("streamlit.session_state", {})
    monkeypatch.setattr("streamlit.query_params", address)
    return address


def _cards(text: str, selected: int | None = None) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = editor_data(count(parse(text)), selected)["cards"]
    return cards


def _control(card: dict[str, Any], field: str) -> dict[str, Any]:
    return next(control for control in card["controls"] if control["field"] == field)


def test_the_input_and_each_layer_have_a_card() -> None:
    cards = _cards(PRESETS["homework"].text, selected=3)
    assert [card["name"] for card in cards[:4]] == ["Input", "Conv2d-1", "ReLU-2", "Conv2d-3"]
    assert cards[1]["facts"] == "96×59×59 · 34,944"
    assert cards[1]["folded"] == "stride 4 · padding 0 · dilation 1 · groups 1 · bias"
    assert [card["name"] for card in cards if card["selected"]] == ["Conv2d-3"]


def test_the_kernel_slider_ends_at_the_largest_kernel_that_fits() -> None:
    _, conv = _cards("3x7x7 conv8k3p1")
    kernel = _control(conv, "kernel_size")
    assert (kernel["lowest"], kernel["highest"]) == (1, 9)
    assert count(parse("3x7x7 conv8k9p1")).misfit is None
    assert count(parse("3x7x7 conv8k10p1")).misfit is not None


def test_a_slider_ends_at_the_present_value_if_that_is_larger_than_usual() -> None:
    _, conv, *_ = _cards("3x64x64 conv900k3")
    channels = _control(conv, "out_channels")
    assert (channels["highest"], channels["limit"]) == (900, 1_000_000)
    assert _control(_cards("3x64x64 conv9k3")[1], "out_channels")["highest"] == 512


def test_height_and_width_of_a_kernel_end_where_each_stops_fitting() -> None:
    _, conv = _cards("3x7x9 conv8k3x5p0x1")
    assert _control(conv, "kernel_size")["value"] == (3, 5)
    assert _control(conv, "kernel_size")["sides"] == [[1, 7], [1, 11]]
    assert conv["folded"] == "stride 1 · padding 0×1 · dilation 1 · groups 1 · bias"
    assert count(parse("3x7x9 conv8k7x11p0x1")).misfit is None


def test_height_and_width_are_edited_together_and_made_equal_again() -> None:
    apply_edit({"place": 0, "field": "kernel_size", "value": [3.0, 5]})
    apply_edit({"place": 0, "field": "stride", "value": [2, 1]})
    apply_edit({"place": 0, "field": "padding", "value": "same"})
    assert str(state.current().network.layers[0]) == "conv96k3x5s2x1psame"
    apply_edit({"place": 0, "field": "padding", "value": [1, 1]})
    state.edit(lambda network: square(network, 0))
    assert str(state.current().network.layers[0]) == "conv96k3s2p1"


def test_channels_change_in_steps_of_the_groups_and_the_menu_has_only_groups_that_fit() -> None:
    _, conv = _cards("8x64x64 conv12k3g4")
    channels = _control(conv, "out_channels")
    assert (channels["step"], channels["lowest"]) == (4, 4)
    assert [value for value, _ in _control(conv, "groups")["options"]] == [1, 2, 4]


def test_a_misfit_is_marked_and_later_layers_have_no_counts() -> None:
    _, first, second, third = _cards("3x7x7 conv8k3 conv8k11 relu")
    assert (first["error"], first["uncounted"]) == ("", False)
    assert "kernel 11 does not fit a 5x5 input: padding 3 or more" in second["error"]
    assert (third["error"], third["uncounted"], third["facts"]) == ("", True, "?")
    assert _control(second, "kernel_size")["value"] == 11


@pytest.mark.parametrize(
    "forged",
    [
        None,
        "text",
        [],
        {},
        {"place": "0"},
        {"place": 0, "field": "out_channels"},
        {"place": 0, "value": 3},
        {"place": 0, "field": [], "value": 3},
    ],
)
def test_a_report_with_missing_parts_is_ignored(forged: object) -> None:
    apply_edit(forged)
    assert state.current().refusal is None
    assert str(state.current().network) == PRESETS["homework"].text


@pytest.mark.parametrize(
    "impossible",
    [
        {"place": 99, "field": "out_channels", "value": 3},
        {"place": 0, "field": "__class__", "value": 3},
        {"place": 0, "field": "out_channels", "value": 10**30},
        {"place": -1, "field": "height", "value": 3},
        {"place": -1, "field": "0", "value": "3"},
        {"place": 0, "field": "out_channels", "value": 2.5},
        {"place": 0, "field": "out_channels", "value": [3, 5]},
        {"place": 0, "field": "kernel_size", "value": [3, 5, 7]},
        {"place": 0, "field": "kernel_size", "value": [3]},
        {"place": 0, "field": "kernel_size", "value": [3, "5"]},
        {"place": 0, "field": "kernel_size", "value": [3, [5]]},
        {"place": 0, "field": "kernel_size", "value": [True, 5]},
        {"place": 0, "field": "kernel_size", "value": "same"},
        {"place": 0, "field": "kernel_size", "value": {"height": 3}},
        {"place": 0, "field": "padding", "value": "other"},
    ],
)
def test_an_impossible_edit_changes_nothing_and_gives_the_reason(impossible: object) -> None:
    apply_edit(impossible)
    assert str(state.current().network) == PRESETS["homework"].text
    refusal = state.current().refusal
    assert refusal is not None
    assert refusal.message


def test_a_refused_value_stays_in_its_control_until_an_edit_is_possible() -> None:
    network = parse("1x28x28 conv7k3 dropout0.5")
    for place, field, value in ((0, "out_channels", 0), (0, "kernel_size", 2.5), (-1, "1", 10**9)):
        refusal = state.Refusal("the reason", place, field, value)
        cards = editor_data(count(network), None, refusal)["cards"]
        control = _control(cards[place + 1], field)
        assert (cards[place + 1]["error"], control["refused"]) == ("the reason", [str(value)])
    apply_edit({"place": 0, "field": "out_channels", "value": 0})
    apply_edit({"place": 0, "field": "out_channels", "value": 96})
    assert state.current().refusal is None


def test_a_drag_is_one_step_of_undo_and_reaches_the_address_at_its_end(session: dict[str, str]) -> None:
    for channels in (97, 120, 200):
        apply_edit({"place": 0, "field": "out_channels", "value": channels})
    assert session == {}
    state.settle()
    assert "conv200k11s4" in session["net"]
    state.undo()
    assert str(state.current().network) == PRESETS["homework"].text
