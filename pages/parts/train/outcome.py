"""The results of a race: the homework's output next to the sheet's, the sheet's claims, and what the runs share."""

from collections.abc import Sequence
from functools import lru_cache

import streamlit as st

from hw5core.homework.claims import check_claims
from hw5core.homework.sheet import SHEET_ACCURACY
from hw5core.markdown import markdown_table
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory, accuracy_lines
from pages.parts.shared.lecture import aside
from pages.parts.shared.plain_code import plain_code
from pages.parts.shared.race_snapshot import RaceSnapshot
from pages.parts.shared.reading import Reading
from pages.parts.shared.receipts import receipts
from pages.parts.shared.settings import race_query
from pages.parts.shared.verdicts import verdict_line

_RECONSTRUCTION = (
    "The sheet does not name its network, its learning rate or its seeds. The network and the rate here are a "
    "reconstruction: among about forty networks and rates, their curves came closest to the sheet's. The table shows "
    "how far this race is from the sheet. Another seed gives other figures."
)


def outcome(reading: Reading[RaceSnapshot]) -> None:
    """Draw the results so far."""
    runs = reading.value.runs
    _claims({run.config.activation: run for run in runs})
    if any(run.epochs for run in runs):
        _as_printed(reading)
    _fairness(runs)
    with aside("receipts"):
        receipts(runs)
        if any(run.epochs for run in runs):
            st.page_link("pages/report.py", label="The homework as a document, with these results",
                         icon=":material/description:", query_params={"race": runs[0].config.race_key})  # fmt: skip


def _as_printed(reading: Reading[RaceSnapshot]) -> None:
    """Draw the homework's accuracy lines, one column per network, and a table that compares them with the sheet."""
    st.subheader("The homework's output", anchor=False)
    with reading.published(_printed) as (*lines, comparison):
        for column, text in zip(st.columns(len(lines)), lines, strict=True):
            column.html(text)
        st.markdown(comparison)
    if comparison:
        st.caption(_RECONSTRUCTION)


def _printed(race: RaceSnapshot) -> tuple[str, ...]:
    """Return the lines of each network as HTML, and the table."""
    runs = {run.run_id: run for run in race.runs}
    in_order = [runs.get(config.run_id) for config in race.configs]
    return *(plain_code("\n".join(accuracy_lines(run) if run else ())) for run in in_order), _comparison(race.runs)


def _comparison(runs: Sequence[RunHistory]) -> str:
    """Return a Markdown table of the accuracies here and on the sheet, for the runs that follow the sheet's protocol.
    It is empty if none does."""
    comparable = [run for run in runs if _follows_the_sheet(run.config)]
    if not comparable:
        return ""
    labels = [run.label for run in comparable]
    head = ["epoch", *(f"{label}, {where} (%)" for label in labels for where in ("here", "the sheet"))]
    rows = [[str(epoch), *_accuracies(comparable, epoch)] for epoch in range(comparable[0].config.epochs)]
    return markdown_table(head, rows, align="r" * len(head))


def _accuracies(runs: Sequence[RunHistory], epoch: int) -> list[str]:
    """Return the cells of one epoch: per run, the accuracy here and the sheet's."""
    cells = []
    for run in runs:
        here = f"{run.epochs[epoch].test_accuracy:.2f}" if epoch < len(run.epochs) else "not yet"
        cells += [here, f"{SHEET_ACCURACY[run.config.activation][epoch]:.2f}"]
    return cells


@lru_cache(maxsize=64)
def _follows_the_sheet(config: RunConfig) -> bool:
    """Return True for the homework's settings on MNIST. Any seed counts, because the sheet does not name its own."""
    own = RunConfig(dataset="mnist", activation=config.activation, seed=config.seed, split_seed=config.split_seed)
    return config == own and config.activation in SHEET_ACCURACY


def _claims(runs: dict[str, RunHistory]) -> None:
    if not {"relu", "sigmoid"} <= set(runs) or not all(run.status.over for run in runs.values()):
        return
    st.subheader("The sheet's claims in this race", anchor=False)
    for finding in check_claims(runs["relu"], runs["sigmoid"]):
        st.markdown(verdict_line(finding.verdict, finding.claim, finding.verdict, finding.reason))
    st.page_link("pages/why.py", label="Why? The evidence in full", icon=":material/psychology_alt:",
                 query_params=race_query([run.config for run in runs.values()]))  # fmt: skip


def _fairness(runs: Sequence[RunHistory]) -> None:
    """Draw the hashes of what the runs share. If all agree, only the activation explains the difference."""
    started = [run.started for run in runs if run.started]
    if len(started) < 2:
        return
    shared = [
        ("initial weights", {one.weights_hash for one in started}),
        ("split", {one.split_hash for one in started}),
        ("batch order", {one.order_hash for one in started}),
    ]
    words = [
        f"{name} {'the same' if len(hashes) == 1 else '**different**'} (`{'`, `'.join(sorted(hashes))}`)"
        for name, hashes in shared
    ]
    st.caption(f"Shared by all networks of this race: {'; '.join(words)}.")
    for note in {one.data_note for one in started if one.data_note}:
        st.caption(f"Data: {note}.")
