"""Which modules need what: the core works where streamlit is absent, and what the server imports leaves torch alone."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "hw5core").rglob("*.py")
    if not path.stem.startswith("__")
]

# Only these ever load torch, and only workers, the process that they are copies of and the terminal import them.
NEED_TORCH = {
    "hw5core.training.attribution",
    "hw5core.training.backprop",
    "hw5core.training.batch_last",
    "hw5core.training.environment",
    "hw5core.training.evaluation",
    "hw5core.training.tensors",
    "hw5core.training.feature_maps",
    "hw5core.training.inputs",
    "hw5core.training.kernel",
    "hw5core.training.kernels",
    "hw5core.training.layer_figures",
    "hw5core.training.measuring",
    "hw5core.training.mistakes",
    "hw5core.training.module_kernel",
    "hw5core.training.modules",
    "hw5core.training.normalisation",
    "hw5core.training.one_batch",
    "hw5core.training.plain",
    "hw5core.training.single_step",
    "hw5core.training.loop",
    "hw5core.training.value_trace",
    "hw5core.training.warm_start",
}


def _import_without(blocked: list[str], modules: list[str]) -> str:
    """Import the modules in a process of their own in which `blocked` cannot be imported; what went wrong."""
    program = f"import sys; sys.modules.update(dict.fromkeys({blocked})); import {', '.join(sorted(modules))}"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True).stderr


@pytest.mark.slow
def test_the_core_runs_where_streamlit_is_absent() -> None:
    assert _import_without(["streamlit"], [*CORE, "hw5core.__main__"]) == ""


@pytest.mark.slow
def test_the_server_runs_without_torch() -> None:
    assert _import_without(["torch"], [module for module in CORE if module not in NEED_TORCH]) == ""


def test_the_terminal_starts_without_charts_workers_and_downloads() -> None:
    # Charts and workers each take as long as everything else together. Only the report draws charts, only training has
    # workers, and only the first use of a dataset downloads.
    assert _import_without(["altair", "distributed", "requests"], ["hw5core.__main__"]) == ""


def test_the_guard_can_fail() -> None:
    assert "torch" in _import_without(["torch"], ["hw5core.training.loop"])
