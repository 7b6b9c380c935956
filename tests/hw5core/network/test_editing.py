"""Edits return new networks, impossible edits are refused, and undo goes back step by step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw5core.errors import ArchitectureError
from hw5core.network.architecture import Architecture
from hw5core.network.editing import (
    MAX_UNDO,
    History,
    channels_first,
    fit_to,
    insert,
    move,
    remove,
    set_field,
    set_input,
)
from hw5core.network.notation import parse
from tests.strategies import architectures

NETWORK = parse("3x32x32 conv8k3 relu flatten linear10")


def test_each_edit_changes_one_thing() -> None:
    assert str(set_field(NETWORK, 0, "out_channels", 16)) == "3x32x32 conv16k3 relu flatten linear10"
    assert str(set_field(NETWORK, 0, "bias", False)) == "3x32x32 conv8k3nobias relu flatten linear10"
    assert str(set_field(NETWORK, 1, "name", "tanh")) == "3x32x32 conv8k3 tanh flatten linear10"
    assert str(set_input(NETWORK, 2, 64)) == "3x32x64 conv8k3 relu flatten linear10"
    assert str(insert(NETWORK, 1, "bn")) == "3x32x32 conv8k3 bn relu flatten linear10"
    assert str(remove(NETWORK, 1)) == "3x32x32 conv8k3 flatten linear10"
    assert str(move(NETWORK, 0, 1)) == "3x32x32 relu conv8k3 flatten linear10"
    assert str(move(NETWORK, 3, 5)) == str(move(NETWORK, 0, -1)) == str(NETWORK)


def test_a_network_is_fitted_to_images_and_classes() -> None:
    fitted = {
        "3x32x32 conv8k3 relu": "1x28x28 conv8k3 relu flatten linear10",
        "3x32x32 conv8k3 relu flatten": "1x28x28 conv8k3 relu flatten linear10",
        "3x32x32 relu flatten linear1000nobias": "1x28x28 relu flatten linear10nobias",
        "3x32x32": "1x28x28 flatten linear10",
        "1x28x28 relu flatten linear10": "1x28x28 relu flatten linear10",
    }
    assert {text: str(fit_to(parse(text), (1, 28, 28), 10)) for text in fitted} == fitted


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("224x224x3 conv8k3", "3x224x224 conv8k3"),
        ("480x640x4", "4x480x640"),
        ("28x28x1 flatten", "1x28x28 flatten"),
        ("3x224x224", None),
        ("3x3x3", None),
        ("1x28x1", None),
        ("64x28x2", None),
        ("100000x28x3", None),
    ],
)
def test_an_input_with_the_channels_last_is_recognised(text: str, corrected: str | None) -> None:
    probable = channels_first(parse(text))
    assert (probable and str(probable)) == corrected


@given(architectures(), st.data())
def test_inserting_and_removing_a_layer_changes_nothing(network: Architecture, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(network.layers)))
    assert remove(insert(network, place, "relu"), place) == network


@pytest.mark.parametrize(
    "edit",
    [
        lambda: set_field(NETWORK, 0, "out_channels", 10**30),
        lambda: set_field(NETWORK, 0, "out_channels", -1),
        lambda: set_field(NETWORK, 0, "out_channels", "8"),
        lambda: set_field(NETWORK, 0, "out_channels", True),
        lambda: set_field(NETWORK, 0, "kernel_size", 3.5),
        lambda: set_field(NETWORK, 0, "bias", 1),
        lambda: set_field(parse("1x9x9 dropout0.5"), 0, "probability", 10**400),
        lambda: set_field(parse("1x9x9 dropout0.5"), 0, "probability", True),
        lambda: set_field(NETWORK, 0, "__class__", 1),
        lambda: set_field(NETWORK, 1, "name", "<script>"),
        lambda: set_field(NETWORK, 9, "out_channels", 1),
        lambda: set_field(NETWORK, -1, "out_channels", 1),
        lambda: set_input(NETWORK, 3, 1),
        lambda: set_input(NETWORK, 0, 0),
        lambda: insert(NETWORK, 9, "relu"),
        lambda: insert(NETWORK, 0, "rm -rf"),
        lambda: insert(parse("1x9x9" + " relu" * 100), 0, "relu"),
        lambda: remove(NETWORK, 4),
        lambda: move(NETWORK, -1, 1),
    ],
)
def test_an_impossible_edit_is_refused(edit) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ArchitectureError):
        edit()


def test_undo_goes_back_to_the_first_network_and_stays_there() -> None:
    history = History(NETWORK)
    for channels in (1, 2, 2, 3):
        history = history.after(set_field(NETWORK, 0, "out_channels", channels))
    visited = [history.present]
    while history.past:
        history = history.undone()
        visited.append(history.present)
    assert [str(network).split()[1] for network in visited] == ["conv3k3", "conv2k3", "conv1k3", "conv8k3"]
    assert history.undone() == history


def test_redo_repeats_what_was_undone_until_the_next_edit() -> None:
    first, second = (set_field(NETWORK, 0, "out_channels", channels) for channels in (1, 2))
    history = History(NETWORK).after(first).after(second)
    undone = history.undone().undone()
    assert undone.redone().present == first
    assert undone.redone().redone() == undone.redone().redone().redone() == history
    assert undone.after(second).redone().present == second


def test_the_history_has_at_most_max_undo_steps() -> None:
    history = History(NETWORK)
    for channels in range(1, MAX_UNDO + 50):
        history = history.after(set_field(NETWORK, 0, "out_channels", channels + 10))
    assert len(history.past) == MAX_UNDO
