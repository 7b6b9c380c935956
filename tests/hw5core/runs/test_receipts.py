"""Receipts: a repetition gives the same numbers, and the first changed number is reported."""

import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hw5core.__main__ import main
from hw5core.data import datasets
from hw5core.errors import ReceiptError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.receipts import read, receipt
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from hw5core.training.loop import train

CONFIG = RunConfig(network="1x28x28 flatten linear16 relu linear10", epochs=2)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> RunHistory:
    store = RunStore(tmp_path_factory.mktemp("store"))
    store.claim(CONFIG)
    for record in train(CONFIG, datasets.load("digits")):
        store.add(CONFIG.run_id, record)
    history = Follower(store, CONFIG.run_id).read()
    assert history is not None
    return history


def _verify(plain: dict[str, Any], folder: Path, *options: str) -> int:
    path = folder / "receipt.json"
    path.write_text(json.dumps(plain))
    return main(["verify", str(path), *options])


def test_a_receipt_holds_the_whole_run_in_strict_json(history: RunHistory) -> None:
    plain = json.loads(json.dumps(receipt(history), allow_nan=False))
    assert plain["run_id"] == CONFIG.run_id
    assert read(json.dumps(plain))[0] == CONFIG
    metrics = plain["metrics"]
    assert metrics["training_loss"] == list(history.losses)
    assert len(metrics["example_losses"]) == CONFIG.epochs * CONFIG.images_per_epoch
    first_batch = metrics["example_losses"][:5]
    assert math.fsum(first_batch) / 5 == pytest.approx(metrics["training_loss"][0], rel=1e-6)
    assert [one["epoch"] for one in metrics["epochs"]] == [0, 1]
    assert {"torch", "machine", "processor", "torch build", "kernels", "own kernels", "threads"} <= set(
        plain["computed_by"]
    )
    assert plain["computed_by"]["threads"] == "1"


def test_a_repetition_is_the_same_bit_for_bit(
    history: RunHistory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _verify(receipt(history), tmp_path, "--batches", str(CONFIG.total_steps)) == 0
    # The loss of every batch, and two numbers after each of the two epochs.
    assert f"Bit for bit the same in all {CONFIG.total_steps + 4} compared numbers" in capsys.readouterr().out


def test_only_the_first_batches_are_trained_again(
    history: RunHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hw5core.training.loop.REPORT_SECONDS", 0.0)
    assert _verify(receipt(history), tmp_path, "--batches", "10", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result == {
        "outcome": "bit for bit the same",
        "different_hashes": [],
        "compared": 10,
        "parted_at": None,
        "beyond_tolerance_at": None,
        "computed_by": [],
    }


def _other_loss(plain: dict[str, Any]) -> None:
    plain["metrics"]["training_loss"][57] += 0.01


def _other_last_digit(plain: dict[str, Any]) -> None:
    plain["metrics"]["training_loss"][57] += 1e-6


def _other_accuracy(plain: dict[str, Any]) -> None:
    plain["metrics"]["epochs"][0]["test_accuracy"] += 5


def _no_numbers(plain: dict[str, Any]) -> None:
    plain["metrics"] |= {"training_loss": [], "example_losses": [], "epochs": [], "layers": []}


def _other_seed(plain: dict[str, Any]) -> None:
    plain["config"]["seed"] = 1


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (_other_loss, 1, "training loss of batch 57"),
        (_other_last_digit, 0, "within the tolerance"),
        (_other_accuracy, 1, "test accuracy of epoch 0"),
        (_no_numbers, 1, "no number to compare"),
        (_other_seed, 1, "first weights and split and batch order"),
    ],
)
def test_the_first_difference_from_a_changed_receipt_is_reported(
    history: RunHistory,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, Any]], None],
    status: int,
    words: str,
) -> None:
    plain = json.loads(json.dumps(receipt(history)))
    change(plain)
    assert _verify(plain, tmp_path, "--batches", "432") == status
    assert words in capsys.readouterr().out


def _other_processor(plain: dict[str, Any]) -> None:
    plain["computed_by"]["processor"] = "Another Processor"


def _recorded_by_an_older_version(plain: dict[str, Any]) -> None:
    for name in ("processor", "torch build", "kernels", "threads"):
        del plain["computed_by"][name]


def _recorded_with_the_first_kernels(plain: dict[str, Any]) -> None:
    del plain["computed_by"]["own kernels"]


def _rounding_that_grows(plain: dict[str, Any]) -> None:
    for step, loss in enumerate(plain["metrics"]["training_loss"]):
        plain["metrics"]["training_loss"][step] = loss + 1e-7 * 1.05**step


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (_other_processor, "processor Another Processor there, "),
        (_recorded_by_an_older_version, "processor not recorded there, "),
        (_recorded_with_the_first_kernels, "own kernels not recorded there, "),
    ],
)
def test_another_processor_is_reported_as_such_and_not_as_a_failed_verification(
    history: RunHistory,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, Any]], None],
    cause: str,
) -> None:
    plain = json.loads(json.dumps(receipt(history)))
    change(plain)
    assert _verify(plain, tmp_path, "--batches", "200") == 0
    _rounding_that_grows(plain)
    assert _verify(plain, tmp_path, "--batches", "100") == 0
    assert "The same up to rounding in all 100 compared numbers" in capsys.readouterr().out
    assert _verify(plain, tmp_path, "--batches", "250") == 3
    words = capsys.readouterr().out
    assert "Computed in another environment" in words
    assert cause in words
    assert "neither confirms nor refutes" in words
    # Rounding does not begin beyond the tolerance.
    plain["metrics"]["training_loss"][0] += 0.1
    assert _verify(plain, tmp_path, "--batches", "10") == 1


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="these variables are for x86")
@pytest.mark.parametrize("variable", ["ATEN_CPU_CAPABILITY=default", "MKL_CBWR=COMPATIBLE"])
def test_other_kernels_are_named_as_the_cause_of_other_last_digits(
    history: RunHistory, tmp_path: Path, variable: str
) -> None:
    """These variables make torch and MKL compute as on an older processor."""
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt(history)))
    name, value = variable.split("=")
    command = [sys.executable, "-m", "hw5core", "verify", str(path), "--batches", "100", "--json"]
    done = subprocess.run(command, env=os.environ | {name: value}, capture_output=True, text=True, check=False)
    result = json.loads(done.stdout)
    assert done.returncode == 0
    assert result["outcome"] == "the same up to rounding"
    assert any(one.startswith("kernels ") and variable in one for one in result["computed_by"])


def test_a_newer_receipt_names_its_format_although_its_fields_are_others() -> None:
    with pytest.raises(ReceiptError, match="this receipt has format 2, and this version reads format 1"):
        read('{"receipt": 2, "settings": {}}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"receipt": 99}',
        '{"receipt": 1, "config": {"epochs": 0}}',
        '{"receipt": 1, "config": 7}',
        '{"receipt": 1, "config": {}, "metrics": {"training_loss": [1' + "0" * 400 + "]}}",
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_receipt_is_a_sentence(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ReceiptError):
        read(text)
    (tmp_path / "file").write_text(text)
    assert main(["verify", str(tmp_path / "file")]) == 2
    assert main(["verify", str(tmp_path / "missing")]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_losses_that_are_not_finite_are_null(history: RunHistory) -> None:
    diverged = replace(history, losses=np.array([1.0, math.inf, math.nan]))
    plain = json.loads(json.dumps(receipt(diverged), allow_nan=False))
    assert plain["metrics"]["training_loss"] == [1.0, None, None]


@pytest.mark.slow
def test_prewarm_fills_the_store_and_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--dataset", "digits", "--network", CONFIG.network, "--epochs", "2", "--seeds", "0,1"]
    assert main(["prewarm", *arguments, "--receipts", str(tmp_path / "receipts")]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0] == "| test accuracy, % | epoch 0 | epoch 1 |"
    assert [line.split("|")[1].strip() for line in table[2:]] == [
        "ReLU, mean of 2 (lowest to highest)",
        "sigmoid, mean of 2 (lowest to highest)",
    ]
    receipts = sorted((tmp_path / "receipts").iterdir())
    assert len(receipts) == 4
    assert {read(path.read_text())[0].seed for path in receipts} == {0, 1}
    # Everything is in the store now, so the same command only reads it.
    assert main(["prewarm", *arguments]) == 0
    assert capsys.readouterr().out.splitlines() == table
    assert main(["prewarm", "--seeds", "0,x"]) == 2
