"""The contents of the report: the sheet's figures, what is missing, and the limits of a student's words."""

from dataclasses import replace

import pytest

from hw5core.errors import ReportError
from hw5core.homework.claims import check_claims
from hw5core.homework.report.contents import report
from hw5core.homework.report.document import MAX_NAME, MAX_REMARKS, Attachment, Code, Document, Items, Quote, Table
from hw5core.runs.history import RunHistory, history_until
from hw5core.runs.receipts import metrics_of_receipt, read
from hw5core.runs.recorded import RACE, recorded_race
from hw5core.runs.run import Run, Status
from tests.hw5core.homework.report.example import HOMEWORK, NAME, REMARKS, hostile

NO_TOOLS = "PyTorch is not installed."


def _table(document: Document, title: str) -> Table:
    tables = [block for block in document.blocks if isinstance(block, Table)]
    tables += [chart.table for chart in document.charts]
    return next(table for table in tables if table.title == title)


def _code(document: Document) -> dict[str, str]:
    return {block.title: block.text for block in document.blocks if isinstance(block, Code)}


def test_question_1_has_the_sheets_counts_and_formulas_and_the_tables_of_both_tools() -> None:
    rows = _table(hostile(), "Parameters of each layer").rows
    assert [row[-1] for row in rows] == ["34,944", "614,656", "885,120", "1,327,488", "884,992", "3,747,200"]
    assert rows[0][1:3] == ("in ⋅ out ⋅ k² + out", "3 ⋅ 96 ⋅ (11 ⋅ 11) + 96")
    assert _table(hostile(), "Sizes for one example").rows == (
        ("torchsummary, MiB", "0.68", "56.63", "14.29", "71.61"),
        ("torchinfo, MB", "0.71", "29.69", "14.99", "45.39"),
    )
    tables = _code(hostile())
    assert "Estimated Total Size (MB): 71.61" in tables["torchsummary's table"]
    assert "Estimated Total Size (MB): 45.39" in tables["torchinfo's table"]


def test_question_2_has_the_homeworks_lines_and_the_verdicts_of_this_race() -> None:
    relu, sigmoid = recorded_race(RACE)
    lines = _code(hostile())["In percent, as the homework prints them"].splitlines()
    assert lines[0] == f"ReLU accuracy of epoch 0: {relu.epochs[0].test_accuracy}"
    assert lines[-1] == f"sigmoid accuracy of epoch 4: {sigmoid.epochs[4].test_accuracy}"
    items = [text for block in hostile().blocks if isinstance(block, Items) for text in block.texts]
    for finding in check_claims(relu, sigmoid):
        assert any(text.startswith(finding.claim) and finding.reason in text for text in items)


def test_the_loss_table_covers_every_batch_once() -> None:
    relu, _ = recorded_race(RACE)
    rows = _table(hostile(), "Training loss, nats").rows
    assert [rows[0][0], rows[-1][0]] == ["0 to 2,099", "39,900 to 41,999"]
    first = relu.losses[:2_100]
    assert rows[0][1] == f"{first.mean():.4f} ({first.min():.4f} to {first.max():.4f})"


def test_charts_have_their_data_and_a_description() -> None:
    assert [chart.title for chart in hostile().charts] == [
        "Test accuracy after every epoch",
        "Training loss of every batch",
        "Validation loss after every epoch",
    ]
    accuracy = hostile().charts[0]
    assert "ReLU 98.4 % after epoch 4" in accuracy.words
    relu, _ = recorded_race(RACE)
    values = [row["test_accuracy"] for row in accuracy.specification["data"]["values"] if row["series"] == "ReLU"]
    assert values == [epoch.test_accuracy for epoch in relu.epochs]


def test_receipts_can_be_verified() -> None:
    attached = [block for block in hostile().blocks if isinstance(block, Attachment)]
    for one, history in zip(attached, recorded_race(RACE), strict=True):
        config, plain = read(one.content)
        assert config == history.config
        assert len(list(metrics_of_receipt(plain))) == 200 + 2 * 5


def test_a_whole_race_with_tools_has_everything() -> None:
    assert hostile().missing == ()


def _unstarted(number: int, status: Status, message: str = "") -> RunHistory:
    config = RACE[number]
    return RunHistory(Run(config.run_id, config, status, message, 0))


@pytest.mark.parametrize(
    ("histories", "missing"),
    [
        ([], ["nobody has started a run"]),
        (recorded_race(RACE)[:1], ["The network with sigmoid is missing", "The conclusions are missing"]),
        (
            [history_until(one, 10_000) for one in recorded_race(RACE)],
            ["ReLU is not finished (running). It has trained 10,000 of 42,000 batches and finished 1 of 5 epochs"],
        ),
        ([_unstarted(0, Status.FAILED, "no space left")], ["ReLU is not finished (failed: no space left)"]),
        ([_unstarted(1, Status.WAITING)], ["The training loss is missing", "The validation loss is missing"]),
    ],
    ids=["nothing", "one network", "unfinished", "failed", "waiting"],
)
def test_what_is_missing_is_said(histories: list[RunHistory], missing: list[str]) -> None:
    said = report(HOMEWORK, NO_TOOLS, histories).missing
    assert said[0] == f"The tables of torchinfo and torchsummary are missing: {NO_TOOLS}"
    for words in missing:
        assert any(words in sentence for sentence in said), said


def test_a_loss_that_is_not_finite_is_said_and_is_null_in_the_chart() -> None:
    relu, sigmoid = recorded_race(RACE)
    losses = relu.losses.copy()
    losses[5_000:] = float("nan")
    document = report(HOMEWORK, NO_TOOLS, [replace(relu, losses=losses), sigmoid])
    assert "not finite" in _table(document, "Training loss, nats").rows[-1][1]
    loss = document.charts[1].specification["data"]["values"]
    assert all(row["loss"] is None for row in loss if row["series"] == "ReLU" and row["x"] > 5_100)


def test_a_name_is_one_line_and_remarks_keep_their_lines() -> None:
    document = report(HOMEWORK, NO_TOOLS, [], " Ada\nLovelace\t", "one\r\ntwo\n")
    assert document.author == "Ada Lovelace"
    assert [block.text for block in document.blocks if isinstance(block, Quote)] == ["one\ntwo"]
    assert (hostile().author, REMARKS in hostile().texts()) == (NAME, True)


def test_invisible_characters_are_left_out() -> None:
    document = report(HOMEWORK, NO_TOOLS, [], "A\x00d\u202ea\ud800", "x\x07y\u2066z\x1b[31m\ufffe")
    assert (document.author, [block.text for block in document.blocks if isinstance(block, Quote)]) == (
        "Ada",
        ["xyz[31m"],
    )


@pytest.mark.parametrize(("name", "remarks"), [("x" * (MAX_NAME + 1), ""), ("", "x" * 1_000_000)])
def test_words_that_are_too_long_get_a_message(name: str, remarks: str) -> None:
    with pytest.raises(ReportError, match=r"too long: [\d,]+ characters, and at most [\d,]+ are possible."):
        report(HOMEWORK, NO_TOOLS, [], name, remarks)


def test_runs_of_two_races_are_not_one_report() -> None:
    relu, sigmoid = recorded_race(RACE)
    other = replace(sigmoid, run=replace(sigmoid.run, config=replace(sigmoid.config, seed=1)))
    with pytest.raises(ReportError, match="not of one race"):
        report(HOMEWORK, NO_TOOLS, [relu, other])


def test_words_of_the_greatest_length_are_taken() -> None:
    assert report(HOMEWORK, NO_TOOLS, [], "x" * MAX_NAME, "y" * MAX_REMARKS).author == "x" * MAX_NAME
