"""The exports work elsewhere: the code runs, the CSV can be read, the LaTeX is balanced."""

import csv
import io
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from hw5core.explain.exports import csv_table, latex_table, python_code
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from hw5core.training.modules import build
from tests.strategies import architectures


@pytest.mark.slow
def test_the_code_runs_and_counts_the_same() -> None:
    counts = [count(PRESETS[name].architecture) for name in ("homework", "alexnet-published", "digit-cnn", "empty")]
    # Importing torch takes longer than all four, so they run in one process, each without the names of the others.
    run_each = "import sys\nfor program in sys.argv[1:]: exec(program, {'__name__': '__main__'})"
    command = [sys.executable, "-c", run_each, *map(python_code, counts)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == [
        line
        for counted in counts
        for line in (f"output shape: {counted.output_shape}", f"trainable parameters: {counted.parameters}")
    ]


@pytest.mark.slow
@settings(max_examples=80)
@given(st.one_of(architectures(), st.sampled_from([preset.architecture for preset in PRESETS.values()])))
def test_the_code_builds_the_same_modules(architecture: Architecture) -> None:
    exported: dict[str, object] = {"__name__": "exported"}
    exec(python_code(count(architecture)), exported)
    with torch.device("meta"):
        theirs = exported["build"]()  # type: ignore[operator]
        ours = build(architecture)
    assert isinstance(theirs, nn.Sequential)
    assert str(theirs) == str(ours)


def test_the_code_contains_the_layers_before_a_misfit() -> None:
    exported: dict[str, object] = {"__name__": "exported"}
    exec(python_code(count(parse("3x7x7 conv8k3 conv8k11"))), exported)
    assert len(exported["build"]()) == 1  # type: ignore[operator]


def test_the_csv_can_be_read_back() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_table(count(PRESETS["homework"].architecture)))))
    assert [int(row["parameters"]) for row in rows if int(row["parameters"])] == [
        34_944, 614_656, 885_120, 1_327_488, 884_992,
    ]  # fmt: skip
    assert rows[0]["output_shape"] == "96x59x59"


def test_the_latex_has_the_homeworks_arithmetic_and_total() -> None:
    text = latex_table(count(PRESETS["homework"].architecture))
    assert r"Conv2d-1 & $3\cdot 96\cdot (11\cdot 11)+96$ & $34{,}944$ \\" in text
    assert r"total & & $3{,}747{,}200$ \\" in text
    assert text.count("{") == text.count("}")
