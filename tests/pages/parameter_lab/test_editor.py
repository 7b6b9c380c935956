"""What the layer editor is given to draw: controls end where the layer stops fitting, and a misfit is marked."""

from typing import Any

from hw5core.architecture import PRESETS, parse
from hw5core.parameters import count
from pages.parameter_lab import editor


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
