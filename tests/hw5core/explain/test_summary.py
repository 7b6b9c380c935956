"""The real module's own counts: both tools on the homework, agreement on anything, and giants that take no memory."""

import resource
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
import torchinfo
from hypothesis import given, settings

from hw5core.explain.summary import MEBIBYTE, MEGABYTE, ask_module, megabytes
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from hw5core.training.modules import build
from tests.strategies import architectures
from tools.waiting import PATIENCE_SECONDS

HOMEWORK = PRESETS["homework"].text


def test_the_homeworks_sizes_in_both_tools() -> None:
    facts = ask_module(HOMEWORK)
    assert megabytes(facts.torchsummary.sizes, MEBIBYTE) == ("0.68", "56.63", "14.29", "71.61")
    assert megabytes(facts.torchinfo.sizes, MEGABYTE) == ("0.71", "29.69", "14.99", "45.39")


def test_the_homeworks_table_in_torchsummarys_layout() -> None:
    table = ask_module(HOMEWORK).torchsummary.table.splitlines()
    assert table[3].split() == ["Conv2d-1", "[-1,", "96,", "59,", "59]", "34,944"]
    assert table[12].split() == ["ReLU-10", "[-1,", "256,", "14,", "14]", "0"]
    assert "Total params: 3,747,200" in table
    assert "Estimated Total Size (MB): 71.61" in table


def test_torchinfos_figures_are_torchinfos_own() -> None:
    """Against torchinfo on the real, allocated network."""
    found = torchinfo.summary(build(PRESETS["digit-cnn"].architecture), input_size=(1, 1, 28, 28), verbose=0)
    facts = ask_module(PRESETS["digit-cnn"].text)
    assert facts.torchinfo.table == str(found)
    assert facts.torchinfo_macs == found.total_mult_adds


@settings(max_examples=60)
@given(architectures())
def test_the_closed_form_agrees_with_both_tools(architecture: Architecture) -> None:
    counted = count(architecture)
    facts = ask_module(str(architecture))
    assert all(facts.agrees(row) for row in counted.rows)
    assert len(facts.torchinfo.rows) == len(facts.torchsummary.rows) == len(counted.rows)
    # torchinfo multiplies by each bias too; the closed form counts multiplications by weights.
    biases = sum(
        row.biases * row.output_shape[1] * row.output_shape[2] if row.name.startswith("Conv") else row.biases
        for row in counted.rows
        if row.macs
    )
    norms = sum(row.parameters for row in counted.rows if row.name.startswith("BatchNorm"))
    assert facts.torchinfo_macs == counted.macs + biases + norms


def test_a_disagreement_is_seen() -> None:
    facts = ask_module("3x9x9 conv4k3 relu")
    row = count(parse("3x9x9 conv4k3 relu")).rows[0]
    assert facts.agrees(row)
    assert not facts.agrees(replace(row, weights=row.weights + 1))
    assert not facts.agrees(replace(row, output_shape=(4, 7, 8)))
    assert not facts.agrees(replace(row, number=3))


def test_sixty_trillion_parameters_take_no_memory() -> None:
    ask_module(HOMEWORK)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    facts = ask_module("3x4096x4096 conv1000000k512s512nobias conv1000000k8 flatten linear1000000")
    assert sum(row.parameters for row in facts.torchsummary.rows) > 60 * 10**12
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize("module", ["hw5core.explain.summary", "hw5core.engine.engine", "pages.parts.count.checking"])
def test_the_server_can_ask_without_loading_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_a_worker_answers_through_the_engine(engine) -> None:  # type: ignore[no-untyped-def]
    facts = engine.submit(ask_module, HOMEWORK).result(timeout=PATIENCE_SECONDS)
    assert all(facts.agrees(row) for row in count(parse(HOMEWORK)).rows)
    assert torch.__version__  # the test has torch; the worker loaded its own
