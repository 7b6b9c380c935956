"""`python -m benchmarks`: what this machine cannot measure is skipped, and all other figures are reported."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import memory
from benchmarks.measurement import measured
from hw5core.data import datasets
from hw5core.errors import DataError


@pytest.fixture(autouse=True)
def one_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the benchmark of the memory report one figure at once, and write the report into a folder of the test."""
    monkeypatch.setattr(memory, "measure", lambda: [measured("a figure", [1.0], "MiB")])
    monkeypatch.setattr(benchmarks, "RESULT", tmp_path / "bench.json")


def test_without_a_browser_editing_is_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    benchmarks.main(["memory", "edit"])
    shown = capsys.readouterr()
    assert "a figure" in shown.out
    assert "skipped: edit (none of chromium" in shown.err


@pytest.mark.parametrize("name", ["sheet", "why", "race"])
def test_without_mnist_what_trains_on_it_is_skipped(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(dataset: str) -> Any:
        raise DataError(f"{dataset} cannot be downloaded")

    monkeypatch.setattr(datasets, "load", load)
    benchmarks.main(["memory", name])
    shown = capsys.readouterr()
    assert "a figure" in shown.out
    assert f"skipped: {name} (mnist cannot be downloaded)" in shown.err
