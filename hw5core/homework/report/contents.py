"""The contents of the report: both questions, the student's remarks, and the receipts of the runs."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from hw5core.errors import ReportError
from hw5core.explain.torch_report import ModuleReport
from hw5core.homework.report.document import (
    MAX_NAME,
    MAX_REMARKS,
    Attachment,
    Block,
    Document,
    Heading,
    Missing,
    Paragraph,
    Quote,
    Table,
)
from hw5core.homework.report.program import program
from hw5core.homework.report.question1 import question1
from hw5core.homework.report.question2 import NONE, question2
from hw5core.network.counting import Count
from hw5core.runs.history import RunHistory
from hw5core.runs.invisible import visible
from hw5core.runs.receipts import GUARANTEE
from hw5core.runs.weights import short_receipt
from hw5core.strict_json import to_json


def report(
    counted: Count,
    tools: ModuleReport | str,
    histories: Sequence[RunHistory],
    name: str = "",
    remarks: str = "",
) -> Document:
    """Return the report on a network (question 1) and a race (question 2).

    `tools` are the reports of both tools on the network, or a sentence that says why there are none. Raise ReportError
    for a name or remarks that are too long, and for runs that are not of one race.
    """
    if len({history.config.race_key for history in histories}) > 1:
        raise ReportError("The runs are not of one race: they differ in more than their activation.")
    author = " ".join(_readable(name, MAX_NAME, "The name is").split())
    words = _readable(remarks, MAX_REMARKS, "The remarks are").strip()
    blocks = (
        *question1(counted, tools),
        *question2(histories),
        *_remarks(words),
        *_receipts(histories),
        *program(histories),
    )
    return Document("Homework 5: parameters of a CNN, and ReLU against sigmoid", author, blocks)


def _readable(text: str, most: int, what: str) -> str:
    """Return the text without invisible characters that no format can show. Raise ReportError if it is too long."""
    if len(text) > most:
        raise ReportError(f"{what} too long: {len(text):,} characters, and at most {most:,} are possible.")
    return visible(text, tab="    ")


def _remarks(words: str) -> Iterator[Block]:
    yield Heading("Remarks")
    yield Quote(words) if words else Paragraph("None.")


def _receipts(histories: Sequence[RunHistory]) -> Iterator[Block]:
    """Yield what determines the numbers of each run, so that anyone can train it again and compare."""
    yield Heading("Receipt")
    started = [history for history in histories if history.started]
    if not started:
        yield Missing("There is no receipt: no run has been started.")
        return
    yield Paragraph(f"Each run can be trained again and compared: python -m hw5core verify FILE. {GUARANTEE}")
    for history in started:
        rows = tuple(_receipt_rows(history).items())
        yield Table(f"Receipt of {history.label}", ("recorded", "value"), rows, "ll")
        yield Attachment(
            f"receipt-{history.config.activation}-{history.run_id}.json",
            to_json(short_receipt(history)),
            f"The receipt of {history.label}, for python -m hw5core verify.",
        )


def _receipt_rows(history: RunHistory) -> dict[str, str]:
    assert history.started is not None
    started = history.started
    rows = {
        "run": history.run_id,
        "status": str(history.status),
        "started (UTC)": f"{datetime.fromtimestamp(history.run.created, UTC):%Y-%m-%d %H:%M:%S}",
        "seconds": NONE if history.seconds is None else f"{history.seconds:.1f}",
        "hash of the initial weights": started.weights_hash,
        "hash of the split": started.split_hash,
        "hash of the batch order": started.order_hash,
        "images": started.data_note or "as published",
    }
    return rows | {name: str(value) for name, value in started.versions.items()}
