"""Per network the newest test accuracy, large, how far it has come, and what its loss says.

One element, because it is sent to every viewer several times a second; its text is made once for all of them.
"""

from collections.abc import Sequence
from functools import lru_cache
from html import escape

import streamlit as st

from hw5core.config import RunConfig
from hw5core.findings import plateau_caption
from hw5core.progress import Moment, Progress
from hw5core.runs import Status
from pages.shared.frame import number_html
from pages.shared.server import engine


def scoreboard(configs: tuple[RunConfig, ...], runs: Sequence[Progress]) -> None:
    """Draw it: one part per network of the race, whether it has been started or not."""
    places = tuple(_place(run) for run in runs)
    st.html(_board(configs, tuple(runs), tuple(run.moment for run in runs), places))


@lru_cache(maxsize=32)
def _board(
    configs: tuple[RunConfig, ...],
    runs: tuple[Progress, ...],
    moments: tuple[Moment, ...],  # noqa: ARG001  what the cache goes by, since the runs themselves go on changing
    places: tuple[int | None, ...],
) -> str:
    found = {run.run.run_id: (run, place) for run, place in zip(runs, places, strict=True)}
    parts = (_part(config, *found.get(config.run_id, (None, None))) for config in configs)
    return f'<div class="hw5-board">{"".join(parts)}</div>'


def _part(config: RunConfig, run: Progress | None, place: int | None) -> str:
    accuracy = f"{run.epochs[-1].test_accuracy:5.2f} %" if run and run.epochs else "–"
    percent = round(100 * run.fraction, 1) if run else 0.0
    return (
        f"<div>{number_html(f'{config.label}: test accuracy', accuracy, config.spec.colour)}"
        f'<div class="hw5-state">{escape(state_words(run, place))}</div>'
        f'<div class="hw5-bar" role="progressbar" aria-label="{escape(config.label)}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent}">'
        f'<div style="width:{percent}%;background:{config.spec.colour}"></div></div>'
        f'<div class="hw5-says">{escape(plateau_caption(run) if run else "")}</div></div>'
    )


def state_words(run: Progress | None, place: int | None = None) -> str:
    """What the run is doing, how far it has come, how fast and how long still; `place` is its place in line."""
    if run is None:
        return "not started"
    line = f", number {place} in line for a worker" if place else ""
    batches = f"{run.run.status}{line}: {len(run.losses):,} of {run.run.config.total_steps:,} batches"
    if run.seconds is not None:
        return f"{batches} in {run.seconds:.1f} s"
    if run.run.status is not Status.RUNNING or not run.steps_per_second or not run.seconds_left:
        return batches
    return f"{batches}, {run.steps_per_second:.0f} a second, {run.seconds_left:.0f} s left"


def _place(run: Progress) -> int | None:
    return engine().place(run.run.run_id) if run.run.status is Status.WAITING else None
