"""The report of PyTorch's modules: the homework's figures, agreement with the counts, and huge networks."""

import resource
import subprocess
import sys
from dataclasses import replace
from math import prod

import pytest
import torchinfo
from hypothesis import given, settings

from hw5core.engine.engine import Engine
from hw5core.explain.torch_report import MEBIBYTE, MEGABYTE, megabytes
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.layers import ConvTranspose
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from hw5core.training.module_report import module_report
from hw5core.training.modules import build
from tests.strategies import architectures
from tools.waiting import PATIENCE_SECONDS

HOMEWORK = PRESETS["homework"].text


def test_homework_sizes_in_both_tools() -> None:
    report = module_report(HOMEWORK)
    assert megabytes(report.torchsummary.sizes, MEBIBYTE) == ("0.68", "56.63", "14.29", "71.61")
    assert megabytes(report.torchinfo.sizes, MEGABYTE) == ("0.71", "29.69", "14.99", "45.39")


def test_homework_table_in_torchsummary_layout() -> None:
    table = module_report(HOMEWORK).torchsummary.table.splitlines()
    assert table[3].split() == ["Conv2d-1", "[-1,", "96,", "59,", "59]", "34,944"]
    assert table[12].split() == ["ReLU-10", "[-1,", "256,", "14,", "14]", "0"]
    assert "Total params: 3,747,200" in table
    assert "Estimated Total Size (MB): 71.61" in table


def test_torchinfo_reports_the_same_on_a_network_in_memory() -> None:
    summary = torchinfo.summary(build(PRESETS["digit-cnn"].architecture), input_size=(1, 1, 28, 28), verbose=0)
    report = module_report(PRESETS["digit-cnn"].text)
    assert report.torchinfo.table == str(summary).replace("Units.MEGABYTES", "M")
    assert "Total mult-adds (M): " in report.torchinfo.table
    assert report.torchinfo_macs == summary.total_mult_adds


@settings(max_examples=60)
@given(architectures())
def test_counts_agree_with_both_tools(architecture: Architecture) -> None:
    counted = count(architecture)
    report = module_report(str(architecture))
    assert all(report.agrees(row) for row in counted.rows)
    assert len(report.torchinfo.rows) == len(report.torchsummary.rows) == len(counted.rows)
    # torchinfo counts a multiplication for each bias and each parameter of a normalisation; `count` only for weights.
    biases = sum(
        row.biases * row.output_shape[1] * row.output_shape[2] if len(row.output_shape) == 3 else row.biases
        for row in counted.rows
        if row.macs
    )
    normalisations = sum(row.parameters for row in counted.rows if not row.macs)
    # And it multiplies the weights of a transposed convolution by its outputs instead of its inputs.
    transposed = sum(
        row.weights * prod(row.output_shape[1:]) - row.macs
        for row in counted.rows
        if isinstance(row.layer, ConvTranspose)
    )
    assert report.torchinfo_macs == counted.macs + biases + normalisations + transposed


def test_a_different_count_is_reported_as_a_disagreement() -> None:
    report = module_report("3x9x9 conv4k3 relu")
    row = count(parse("3x9x9 conv4k3 relu")).rows[0]
    assert report.agrees(row)
    assert not report.agrees(replace(row, weights=row.weights + 1))
    assert not report.agrees(replace(row, output_shape=(4, 7, 8)))
    assert not report.agrees(replace(row, number=3))


def test_sixty_trillion_parameters_need_no_memory() -> None:
    module_report(HOMEWORK)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = module_report("3x4096x4096 conv1000000k512s512nobias conv1000000k8 flatten linear1000000")
    assert sum(row.parameters for row in report.torchsummary.rows) > 60 * 10**12
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize(
    "module", ["hw5core.training.module_report", "hw5core.engine.engine", "pages.parts.count.module_report"]
)
def test_the_server_does_not_load_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_a_worker_returns_the_report(engine: Engine) -> None:
    report = engine.submit(module_report, HOMEWORK).result(timeout=PATIENCE_SECONDS)
    assert all(report.agrees(row) for row in count(parse(HOMEWORK)).rows)
