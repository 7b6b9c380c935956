"""Tables of torchsummary, torchinfo and Keras are read, and compared with a network row by row."""

import re
from typing import Any

import pytest
import torch
import torchinfo
from hypothesis import given, settings
from hypothesis import strategies as st

from hw5core.errors import LabError, PastedTextError
from hw5core.explain.torch_report import ToolReport
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from hw5core.pasted.read import read
from hw5core.pasted.summary_table import compare, is_summary_table, read_table
from hw5core.training.module_report import module_report
from tests.hw5core.pasted.programs import LENET, PROGRAMS
from tests.strategies import architectures

KERAS_2 = """
Model: "sequential"
_________________________________________________________________
 Layer (type)                Output Shape              Param #
=================================================================
 conv2d (Conv2D)             (None, 26, 26, 32)        320

 batch_normalization (BatchN  (None, 26, 26, 32)       128
 ormalization)

 max_pooling2d (MaxPooling2D  (None, 13, 13, 32)       0
 )

 flatten (Flatten)           (None, 5408)              0

 dense (Dense)               (None, 10)                54090

=================================================================
Total params: 54538 (213.04 KB)
Trainable params: 54474 (212.79 KB)
"""

KERAS_3 = """
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ conv2d (Conv2D)                 │ (None, 26, 26, 32)     │           320 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ max_pooling2d (MaxPooling2D)    │ (None, 13, 13, 32)     │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)               │ (None, 5408)           │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 10)             │        54,090 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 54,410 (212.54 KB)
"""


def _tables(architecture: Architecture) -> list[ToolReport]:
    report = module_report(str(architecture))
    return [report.torchsummary, report.torchinfo]


@settings(max_examples=40)
@given(architectures().filter(lambda architecture: architecture.layers))
def test_the_tables_of_both_tools_agree_with_the_count(architecture: Architecture) -> None:
    counted = count(architecture)
    for report in _tables(architecture):
        assert is_summary_table(report.table)
        table = read_table(report.table)
        rows = compare(table, counted)
        assert [row.difference for row in rows if row.difference] == []
        assert [row.ours.number for row in rows if row.theirs and row.ours] == [row.number for row in counted.rows]
        assert table.total == counted.parameters


@pytest.mark.parametrize("place", [0, 1])
def test_the_row_that_differs_is_found_with_the_difference(place: int) -> None:
    table = read_table(_tables(PRESETS["homework"].architecture)[place].table)
    ours = count(
        parse(str(PRESETS["homework"].architecture).replace("conv384k3p1 relu conv384", "conv192k3p1 relu conv384"))
    )
    differences = {row.ours.name: row.difference for row in compare(table, ours) if row.difference and row.ours}
    assert differences == {
        "Conv2d-5": "+442,560 parameters in the table, another output shape",
        "ReLU-6": "another output shape",
        "Conv2d-7": "+663,552 parameters in the table",
    }


def test_layers_that_only_one_side_has_are_named() -> None:
    table = read_table(_tables(parse("1x28x28 conv8k3 relu maxpool2 flatten linear10"))[0].table)
    rows = compare(table, count(parse("1x28x28 conv8k3 maxpool2 flatten linear10 linear5")))
    only = [(row.theirs and row.theirs.name, row.ours and row.ours.name, row.difference) for row in rows]
    assert ("ReLU-2", None, "") in only
    assert (None, "Linear-5", "55 parameters only here") in only


@pytest.mark.parametrize("name", ["lenet", "sequential", "blocks", "inherited", "loops"])
def test_torchinfos_table_of_nested_modules_is_compared_with_the_program(name: str) -> None:
    text, shape = PROGRAMS[name]
    namespace: dict[str, Any] = {"__name__": "pasted"}
    exec(text, namespace)  # our own program
    table = str(torchinfo.summary(namespace["model"].eval(), input_data=torch.zeros(1, *shape), depth=9, verbose=0))
    rows = compare(read_table(table), read(text, shape).count)
    assert [row.difference for row in rows if row.difference] == []
    assert sum(row.theirs.parameters for row in rows if row.theirs and row.ours) == read(text, shape).parameters


@pytest.mark.parametrize(
    ("text", "network"),
    [
        (KERAS_2, "conv32k3 relu bn maxpool2 flatten linear10"),
        (KERAS_3, "conv32k3 relu maxpool2 flatten linear10 softmax"),
    ],
)
def test_kerass_tables_are_read_with_channels_first_and_without_moving_statistics(text: str, network: str) -> None:
    table = read_table(text)
    assert table.tool == "Keras"
    counted = count(parse(f"1x28x28 {network}"))
    assert [row.difference for row in compare(table, counted) if row.difference] == []
    assert sum(row.parameters for row in table.rows) == counted.parameters


def test_code_is_no_table_and_a_table_without_shapes_gets_a_message() -> None:
    assert not is_summary_table(LENET)
    with pytest.raises(PastedTextError, match="no row with a layer"):
        read_table("Layer (type:depth-idx)   Param #\nNet   --\n├─Conv2d: 1-1  156\n")


@settings(max_examples=100)
@given(st.text(alphabet="│├─ [](),-:0123456789NoneConv2d\n#Param", max_size=300))
def test_any_text_below_a_tables_head_gives_a_table_or_a_message(text: str) -> None:
    try:
        table = read_table("Layer (type)  Output Shape  Param #\n" + text)
    except LabError:
        return
    compare(table, count(PRESETS["digit-cnn"].architecture))


def test_a_hostile_table_is_read_with_bounded_work() -> None:
    line = "a" * 90 + " " * 200 + "[" + "1, " * 4 + "1]" + " " * 200
    text = "\n".join(["Layer (type) Param #", *[line] * 100])
    assert len(read_table(text).rows) == 100
    with pytest.raises(PastedTextError):
        read_table("Layer (type) Param #\n" + ("a " * 20_000) + re.escape("[[[[((((" * 500))
