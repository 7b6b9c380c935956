"""The terminal, run as a person runs it: in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = "1x28x28 flatten linear16 relu linear10"


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hw5core", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=200, check=False
    )


def test_params_prints_the_homeworks_table_as_json() -> None:
    done = _run("params", "--preset", "homework", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["total"] == sum(layer["parameters"] for layer in told["layers"]) == 3_747_200
    assert told["layers"][4]["name"] == "Conv2d-5"
    assert told["layers"][4]["output_shape"] == [384, 57, 57]
    assert told["layers"][4]["parameters"] == 885_120


def test_params_counts_any_network_in_the_one_line_form() -> None:
    text = "3x244x244 conv96k11s4 relu conv256k5p1 relu conv384k3p1 relu conv384k3p1 relu conv256k3s4 relu"
    assert "3,747,200" in _run("params", "--net", text).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["params", "--net", "3x244x244 conv96"], "word 2"),
        (["params", "--net", "3x7x7 conv96k11"], "layer 1: kernel 11 does not fit"),
        (["params", "--preset", "nothing"], "invalid choice"),
        (["train", "--epochs", "0"], "epochs must be from 1 to 200"),
        (["train", "--activations", "relu,swoosh"], "swoosh"),
        (["train", "--dataset", "cats"], "must be one of digits"),
    ],
)
def test_errors_go_to_standard_error_with_status_2(arguments: list[str], said: str) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_train_prints_the_homeworks_lines_then_replays_them_as_json() -> None:
    settings = ["train", "--network", SMALL, "--epochs", "2"]
    lines = _run(*settings)
    assert lines.returncode == 0, lines.stderr
    told = json.loads(_run(*settings, "--json").stdout)
    assert [run["activation"] for run in told["runs"]] == ["relu", "sigmoid"]
    printed = sorted(lines.stdout.splitlines())
    label = {"relu": "ReLU", "sigmoid": "sigmoid"}
    assert printed == sorted(
        f"{label[run['activation']]} accuracy of epoch {epoch['epoch']}: {epoch['test_accuracy']}"
        for run in told["runs"]
        for epoch in run["epochs"]
    )
    assert all(
        set(epoch) >= {"epoch", "test_accuracy", "validation_loss", "seconds"} for epoch in told["runs"][0]["epochs"]
    )
    assert len({run["run_id"] for run in told["runs"]}) == 2


def test_a_store_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not a folder")
    done = _run("train", HW5_HOME=str(occupied))
    assert done.returncode == 2
    assert "HW5_HOME" in done.stderr
    assert "Traceback" not in done.stderr
