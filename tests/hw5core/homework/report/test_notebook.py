"""The notebook: it is valid, its program gives the app's accuracies, and a student's words are never rendered."""

import json
from base64 import b64decode
from typing import Any

import nbformat
import pytest

from hw5core.data import datasets
from hw5core.homework.report.contents import report
from hw5core.homework.report.document import Missing, Program
from hw5core.homework.report.notebook import to_notebook
from hw5core.homework.report.program import program
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory, history_of
from hw5core.runs.recorded import RACE, recorded_race
from hw5core.runs.run import Run, Status
from hw5core.training.loop import train
from tests.hw5core.homework.report.example import HOMEWORK, NAME, REMARKS, hostile
from tests.hw5core.homework.report.rendered import Rendered, plain

DIGITS = race(
    RunConfig(
        epochs=2,
        batch_size=6,
        learning_rate=0.01,
        momentum=0.5,
        training_images=700,
        initialisation="xavier",
        seed=3,
        split_seed=1,
    )
)
"""A race on the digits in which every setting that changes the numbers differs from its default."""


@pytest.fixture(scope="module")
def cells() -> list[dict[str, Any]]:
    notebook = json.loads(to_notebook(hostile()))
    nbformat.validate(notebook)
    return list(notebook["cells"])


def _trained(config: RunConfig) -> RunHistory:
    run = Run(config.run_id, config, Status.FINISHED, "", 1)
    return history_of(run, train(config, datasets.load("digits")))


@pytest.mark.slow
def test_the_program_gives_the_apps_accuracies_on_the_digits(capsys: pytest.CaptureFixture[str]) -> None:
    histories = [_trained(config) for config in DIGITS]
    notebook = json.loads(to_notebook(report(HOMEWORK, "no tools", histories)))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(cell["source"], namespace)
    for history in histories:
        ours = [epoch.test_accuracy for epoch in history.epochs]
        # Here they are equal. On another processor, rounding may decide one image of 359.
        assert namespace["RESULTS"][history.label] == pytest.approx(ours, abs=0.3)
    printed = capsys.readouterr().out
    assert f"ReLU accuracy of epoch 1: {histories[0].epochs[1].test_accuracy}" in printed
    assert "ReLU, epoch 0: " in printed


@pytest.mark.parametrize(("dataset", "name"), [("mnist", "MNIST"), ("fashion", "FashionMNIST")])
def test_images_that_torchvision_has_are_loaded_from_there(dataset: str, name: str) -> None:
    histories = [RunHistory(Run(config.run_id, config, Status.WAITING, "", 0)) for config in race(RunConfig(dataset))]
    (listing,) = (block for block in program(histories) if isinstance(block, Program))
    images = dict(listing.parts)["The images"]
    compile(images, "images", "exec")
    assert f"from torchvision.datasets import {name}" in images


def test_a_fork_alone_has_no_program() -> None:
    from hw5core.runs.forks import fork

    config = fork(RACE[1], 2, "relu", 0.005)
    blocks = program([RunHistory(Run(config.run_id, config, Status.WAITING, "", 0))])
    assert [isinstance(block, Missing) for block in blocks] == [False, True]


def test_every_text_of_the_document_is_in_a_cell(cells: list[dict[str, Any]]) -> None:
    shown = [cell["source"] for cell in cells if cell["cell_type"] != "markdown"]
    rendered = [Rendered(cell["source"]).text for cell in cells if cell["cell_type"] == "markdown"]
    assert all(
        any(text.rstrip() in source for source in shown)
        or any(plain(text) in text_of_cell for text_of_cell in rendered)
        for text in hostile().texts()
    )


def test_a_students_words_are_in_raw_cells_only(cells: list[dict[str, Any]]) -> None:
    raw = [cell["source"] for cell in cells if cell["cell_type"] == "raw"]
    assert raw[:2] == [NAME, REMARKS]
    others = "\n".join(cell["source"] for cell in cells if cell["cell_type"] != "raw")
    assert "evil" not in others
    assert "Söhne" not in others


def test_charts_are_pictures_inside_the_notebook(cells: list[dict[str, Any]]) -> None:
    attached = [cell["attachments"] for cell in cells if "attachments" in cell]
    assert len(attached) == len(hostile().charts)
    for pictures in attached:
        assert b64decode(pictures["chart.png"]["image/png"]).startswith(b"\x89PNG")


def test_the_recorded_race_has_a_program_for_both_networks() -> None:
    (listing,) = (block for block in program(recorded_race(RACE)) if isinstance(block, Program))
    assert [words for words, _ in listing.parts][3:5] == ["The network with ReLU", "The network with sigmoid"]
