"""The terminal commands: their output, their errors, and a race in a separate process."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from hw5core.__main__ import main
from hw5core.data.datasets import DATASETS
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import INITIALISATIONS, RunConfig
from hw5core.runs.recorded import RACE, recorded_race
from hw5core.runs.recorded_weights import path_of
from tests.hw5core.pasted.programs import LENET

ROOT = Path(__file__).parents[2]
SMALL = "1x28x28 flatten linear16 relu linear10"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in another process, as a user does."""
    command = [sys.executable, "-m", "hw5core", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=200, check=False)


def test_a_reader_that_stops_early_ends_a_command_quietly() -> None:
    command = [sys.executable, "-m", "hw5core", "params", "--preset", "vgg-16"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_params_prints_the_homeworks_table_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["params", "--preset", "homework", "--json"]) == 0
    counted = json.loads(capsys.readouterr().out)
    assert counted["total"] == sum(layer["parameters"] for layer in counted["layers"]) == 3_747_200
    assert counted["layers"][4]["name"] == "Conv2d-5"
    assert counted["layers"][4]["output_shape"] == [384, 57, 57]
    assert counted["layers"][4]["parameters"] == 885_120


def test_params_counts_any_network_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = "3x244x244 conv96k11s4 relu conv256k5p1 relu conv384k3p1 relu conv384k3p1 relu conv256k3s4 relu"
    assert main(["params", "--net", text]) == 0
    assert "3,747,200" in capsys.readouterr().out


def test_params_counts_the_network_of_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "network.py"
    program.write_text(LENET)
    assert main(["params", "--code", str(program)]) == 0
    printed = capsys.readouterr().out
    assert "PyTorch, input 1x32x32 (a guess that fits)" in printed
    assert "line 14, conv2" in printed
    assert "61,706" in printed


def test_params_names_the_wrong_number_of_a_program_and_counts_what_is_before_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(LENET.replace("16 * 5 * 5", "256")))
    assert main(["params", "--code", "-", "--input", "1x32x32", "--json"]) == 2
    printed = capsys.readouterr()
    reading = json.loads(printed.out)
    assert reading["total"] == 2_572
    assert reading["layers"][0]["in_code"] == "conv1"
    assert reading["problems"][1]["fix"] == {
        "line": 15, "column": 29, "end_line": 15, "end_column": 32, "replacement": "400",
    }  # fmt: skip
    assert "error: Line 15, fc1 expects 256 features, but an input of 1x32x32 arrives as 16x5x5 = 400." in printed.err


SHEET = """First Layer - 3 * 96 * (11*11) + 96 = 34,944 parameters
Second Layer - 96 * 256 * (5*5) + 256 = 614,656 parameters
Third Layer -256 * 384 * (3*3) + 384 = 885,129 parameters
Fourth Layer - 384 * 384 * (3*3) + 384 = 1,327,488 parameters
Fifth Layer - 384 * 256 * (3*3) + 256 = 884,992 parameters
Total: 3,747,200
"""


def test_check_finds_the_slip_of_the_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = tmp_path / "answers.txt"
    answers.write_text(SHEET)
    command = ["check", "--preset", "homework", "--answers", str(answers)]
    assert main([*command, "--json"]) == 1
    checked = json.loads(capsys.readouterr().out)
    assert [line["correct"] for line in checked["lines"]] == [True, True, False, True, True]
    third = checked["lines"][2]
    assert {name: third[name] for name in ("layer", "given", "right")} == {
        "layer": "Conv2d-5", "given": 885_129, "right": 885_120,
    }  # fmt: skip
    assert [one["code"] for one in third["explanations"]] == ["result-slip", "digit-changed"]
    messages = " ".join(one["message"] for one in third["explanations"])
    assert "885,129 is 9 more than 885,120" in messages
    assert "Your total 3,747,200 already assumes 885,120." in messages
    assert checked["total"] == {"given": 3_747_200, "right": 3_747_200, "correct": True, "explanations": []}
    assert main(command) == 1
    assert "4 of 5 layers are right." in capsys.readouterr().out
    answers.write_text(SHEET.replace("885,129", "885,120"))
    assert main(command) == 0


def test_check_knows_the_names_in_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "network.py"
    program.write_text(LENET)
    monkeypatch.setattr(sys, "stdin", io.StringIO("conv2 = 2400\nfc3: 850\ntotal 61,706"))
    assert main(["check", "--code", str(program), "--answers", "-", "--json"]) == 1
    checked = json.loads(capsys.readouterr().out)
    given = {line["layer"]: line["given"] for line in checked["lines"] if line["given"]}
    assert list(given.values()) == [2400, 850]
    assert checked["lines"][1]["explanations"][0]["code"] == "bias-forgotten"
    assert checked["total"]["correct"]


def test_check_prints_the_variant_of_a_student_and_checks_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["check", "--preset", "homework", "--variant", "s1234567", "--json"]
    assert main(command) == 0
    network = json.loads(capsys.readouterr().out)["net"]
    assert main(["params", "--net", network, "--json"]) == 0
    layers = json.loads(capsys.readouterr().out)["layers"]
    answers = "\n".join(str(layer["parameters"]) for layer in layers if layer["parameters"])
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    assert main([*command, "--answers", "-"]) == 0
    assert main(["check", "--preset", "homework"]) == 2
    assert "--answers is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ("", "no answers found"),
        ("conv1 35k", "Line 1: “35k” is not a whole number"),
        ("9" * 30_000, "20,000 characters"),
    ],
)
def test_check_says_what_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answers: str, reason: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    assert main(["check", "--preset", "homework", "--answers", "-"]) == 2
    printed = capsys.readouterr()
    assert reason in printed.err
    assert not printed.out


def test_layers_prints_the_figures_and_the_gradient_budget_of_each_network(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["layers", "--dataset", "digits", "--activations", "relu,sigmoid", "--batch", "0"]
    assert main([*arguments, "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert (measured["dataset"], measured["batch"]) == ("digits", 0)
    relu, sigmoid = measured["networks"]
    assert [network["activation"] for network in (relu, sigmoid)] == ["relu", "sigmoid"]
    # The finding that the Why page explains: an order of magnitude in the first layer, before any training.
    assert relu["layers"][0]["gradient_norm"] > 10 * sigmoid["layers"][0]["gradient_norm"]
    assert sigmoid["layers"][1]["saturated"] == 0
    assert sigmoid["gradient_budget"][-1]["name"] == "Sigmoid-2"
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "sigmoid: loss" in printed
    assert "| Conv2d-1 |" in printed
    assert "| Linear-10 | weights |" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["layers", "--batch", "1000000"], "the run has the batches 0 to"),
        (["params", "--net", "3x244x244 conv96"], "word 2"),
        (["params", "--net", "3x7x7 conv96k11"], "layer 1: kernel 11 does not fit"),
        (["params", "--code", "missing.py"], "missing.py cannot be read: No such file"),
        (["params", "--code", str(ROOT / "README.md")], "is not Python"),
        (["params", "--code", str(ROOT / "docs" / "race.png")], "more than 60,000 characters"),
        (["params", "--code", str(ROOT / "app.py"), "--input", "28x28"], "channels x height x width"),
        (["train", "--epochs", "0"], "epochs must be from 1 to 200"),
        (["train", "--activations", "relu,swoosh"], "swoosh"),
        (["train", "--dataset", "cats"], "must be one of digits"),
        (["prewarm", "--seeds", "0,one"], "--seeds needs whole numbers such as 0,1,2"),
        (["verify", "missing.json"], "missing.json cannot be read"),
        (["export", "0123456789abcdef", "-o", "weights.safetensors"], "The store has no run '0123456789abcdef'"),
        (["export", RACE[0].run_id, "-o", "weights.safetensors", "--epoch", "7"], "only of: 0, 1, 2, 3, 4"),
        (
            ["export", RACE[0].run_id, "-o", "no folder/weights.safetensors"],
            "weights.safetensors cannot be written: No such file",
        ),
        (["report", "0123456789abcdef", "-o", "homework.html"], "The store has no run '0123456789abcdef'"),
        (["report", RACE[0].run_id, "-o", "homework.html", "--net", "3x7x7 conv96k11"], "kernel 11 does not fit"),
        (["report", RACE[0].run_id, "-o", "homework.docx"], "can end in .html"),
        (
            ["report", RACE[0].run_id, "-o", "homework.html", "--remarks", "missing.txt"],
            "missing.txt cannot be read: No such file",
        ),
        (
            ["report", RACE[0].run_id, "-o", "homework.html", "--name", 201 * "x"],
            "The name is too long: 201 characters",
        ),
        (["check", "--preset", "empty", "--variant", "Anna"], "the network has no layer with parameters"),
        (["check", "--preset", "homework", "--variant", "v9999"], "“v9999” is no code of a variant"),
        (["predict", "missing.safetensors", "digit.png"], "missing.safetensors cannot be read: No such file"),
        (["predict", str(ROOT / "README.md"), "digit.png"], "no complete safetensors file"),
        (["predict", str(path_of(RACE[0], 4)), "missing.png"], "missing.png"),
        (["predict", str(path_of(RACE[0], 4)), str(ROOT / "README.md")], "README.md: The picture cannot be read"),
    ],
)
def test_an_error_goes_to_standard_error_with_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err


def test_a_picture_is_predicted_with_the_exported_weights_of_the_recorded_race(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, pictures = tmp_path / "weights.safetensors", [tmp_path / "3.png", tmp_path / "3.jpg"]
    with Image.open(ROOT / "docs" / "digit.png") as digit:
        for picture in pictures:
            digit.save(picture)
    assert main(["export", RACE[0].run_id, "-o", str(file), "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert (written["run_id"], written["epoch"]) == (RACE[0].run_id, 4)
    assert written["test_accuracy"] == recorded_race(RACE)[0].epochs[-1].test_accuracy
    assert main(["predict", str(file), *map(str, pictures), "--json"]) == 0
    predicted = json.loads(capsys.readouterr().out)
    assert (predicted["activation"], predicted["network"]) == ("relu", RACE[0].network)
    assert [one["picture"] for one in predicted["pictures"]] == list(map(str, pictures))
    assert [one["label"] for one in predicted["pictures"]] == [3, 3]
    assert all(abs(sum(one["probabilities"]) - 1) < 1e-6 for one in predicted["pictures"])
    assert main(["predict", str(file), str(pictures[0])]) == 0
    assert f"| {pictures[0]} | 3 |" in capsys.readouterr().out
    assert main(["export", RACE[0].run_id, "-o", str(file), "--epoch", "0"]) == 0
    assert "ReLU on mnist after epoch 0, test accuracy 96.25 %" in capsys.readouterr().out


def test_a_store_that_cannot_be_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("HW5_HOME", str(tmp_path / "file"))
    assert main(["train"]) == 2
    assert "HW5_HOME" in capsys.readouterr().err


def test_help_lists_the_datasets_and_the_initialisations(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    for names in (DATASETS, INITIALISATIONS, ACTIVATIONS):
        assert ", ".join(names) in printed


@pytest.mark.parametrize(("command", "dataset"), [("train", RunConfig.dataset), ("prewarm", "mnist")])
def test_help_shows_the_default_that_the_command_uses(
    command: str, dataset: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert f"the images to learn; one of {', '.join(DATASETS)} (default: {dataset})" in printed
    rates = ", ".join(f"{chosen.learning_rate:g} for {name}" for name, chosen in DATASETS.items())
    assert f"the size of each step along the negative gradient (default: {rates})" in printed


@pytest.mark.parametrize(
    ("option", "written", "reason"),
    [
        ("--learning-rate", "0,005", "write decimals with a point, 0.005 instead of 0,005"),
        ("--momentum", "much", "'much' is not a number"),
        ("--epochs", "1,5", "'1,5' is not a whole number"),
        ("--seed", "1.5", "'1.5' is not a whole number"),
    ],
)
def test_a_number_that_cannot_be_read_is_refused_with_the_reason(
    option: str, written: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["train", option, written])
    assert reason in capsys.readouterr().err


def test_a_decimal_comma_in_a_network_is_refused_with_that_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["params", "--net", "1x28x28 dropout0,5"]) == 2
    assert "write decimals with a point: dropout0.5" in capsys.readouterr().err


def test_an_error_in_a_separate_process_shows_no_traceback() -> None:
    done = _run("params", "--preset", "nothing")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "invalid choice" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_network_that_diverges_is_reported_and_the_json_is_strict(tmp_path: Path) -> None:
    settings = ["train", "--activations", "relu", "--epochs", "1", "--learning-rate", "10"]
    done = _run(*settings, "--json", "--receipts", str(tmp_path / "receipts"))
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(done.stdout, parse_constant=_refuse)["runs"]
    assert run["stage"] == "diverged"
    assert run["epochs"][0]["validation_loss"] is None
    assert f"ReLU: diverged at batch {run['diverged_at_batch']}." in done.stderr
    (receipt,) = (tmp_path / "receipts").iterdir()
    json.loads(receipt.read_text(), parse_constant=_refuse)
    verified = _run("verify", str(receipt), "--json")
    assert verified.returncode == 0
    assert json.loads(verified.stdout, parse_constant=_refuse)["parted_at"] is None


def _refuse(constant: str) -> None:
    """Refuse what Python reads and no other parser does: NaN and Infinity."""
    raise AssertionError(f"{constant} is not JSON")


@pytest.mark.slow
def test_train_prints_the_homeworks_lines_and_replays_them_as_json() -> None:
    settings = ["train", "--network", SMALL, "--epochs", "2"]
    lines = _run(*settings)
    assert lines.returncode == 0, lines.stderr
    runs = json.loads(_run(*settings, "--json").stdout)["runs"]
    assert [run["activation"] for run in runs] == ["relu", "sigmoid"]
    assert len({run["run_id"] for run in runs}) == 2
    label = {"relu": "ReLU", "sigmoid": "sigmoid"}
    assert sorted(lines.stdout.splitlines()) == sorted(
        f"{label[run['activation']]} accuracy of epoch {epoch['epoch']}: {epoch['test_accuracy']}"
        for run in runs
        for epoch in run["epochs"]
    )
    assert all(set(runs[0]["epochs"][0]) >= {name} for name in ("epoch", "test_accuracy", "validation_loss", "seconds"))
