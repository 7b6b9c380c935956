"""Per network the newest test accuracy, large, how far it has come, and what its loss says.

Words alone, made once for all viewers, because they are sent to each of them twice a second.
"""

from collections.abc import Sequence
from functools import lru_cache
from html import escape

from hw5core.data.datasets import download_under_way
from hw5core.data.downloads import Download
from hw5core.homework.findings import plateau_caption
from hw5core.runs.config import RunConfig
from hw5core.runs.history import Moment, RunHistory
from hw5core.runs.run import Status
from pages.parts.shared.frame import bar_html, number_html
from pages.parts.shared.server import started_engine


def scoreboard(configs: tuple[RunConfig, ...], runs: Sequence[RunHistory]) -> str:
    """Its HTML: one part per network of the race, whether it has been started or not."""
    waits = tuple(_waits_for(run) for run in runs)
    return _board(configs, tuple(runs), tuple(run.moment for run in runs), waits)


@lru_cache(maxsize=128)
def _board(
    configs: tuple[RunConfig, ...],
    runs: tuple[RunHistory, ...],
    moments: tuple[Moment, ...],  # noqa: ARG001  what the cache goes by, since the runs themselves go on changing
    waits: tuple[int | Download | None, ...],
) -> str:
    found = {run.run.run_id: (run, wait) for run, wait in zip(runs, waits, strict=True)}
    parts = (_part(config, *found.get(config.run_id, (None, None))) for config in configs)
    return f'<div class="hw5-board">{"".join(parts)}</div>'


def _part(config: RunConfig, run: RunHistory | None, wait: int | Download | None) -> str:
    accuracy = f"{run.epochs[-1].test_accuracy:5.2f} %" if run and run.epochs else "–"
    fraction = wait.fraction if isinstance(wait, Download) else run.fraction if run else 0.0
    return (
        f"<div>{number_html(f'{config.label}: test accuracy', accuracy, config.spec.colour)}"
        f'<div class="hw5-state">{escape(state_words(run, wait))}</div>'
        f"{bar_html(config.label, fraction, config.spec.colour)}"
        f'<div class="hw5-says">{escape(plateau_caption(run) if run else "")}</div></div>'
    )


def state_words(run: RunHistory | None, wait: int | Download | None = None) -> str:
    """What the run is doing, how far it has come, how fast and how long still; `wait` is its place in line, or the
    download of its images."""
    if run is None:
        return "not started"
    if isinstance(wait, Download):
        return f"downloading {wait.kind}: {wait}"
    line = f", number {wait} in line for a worker" if wait else ""
    batches = f"{run.run.status}{line}: {run.done:,} of {run.run.config.total_steps:,} batches"
    if run.seconds is not None:
        return f"{batches} in {run.seconds:.1f} s"
    if run.run.status is not Status.RUNNING or not run.steps_per_second or not run.seconds_left:
        return batches
    return f"{batches}, {run.steps_per_second:.0f} a second, {run.seconds_left:.0f} s left"


def _waits_for(run: RunHistory) -> int | Download | None:
    """Its place in line for a worker, or, when a worker has taken it, the images that are still on their way."""
    if run.run.status is not Status.WAITING:
        return None
    engine = started_engine()
    return (engine and engine.place(run.run.run_id)) or download_under_way(run.run.config.dataset)
