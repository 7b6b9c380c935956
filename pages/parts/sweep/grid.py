"""The progress of a sweep, and a grid of its runs with one cell per run: its accuracy, or its status."""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

import streamlit as st

from hw5core.engine.cluster import worker_count
from hw5core.runs.history import RunHistory
from hw5core.runs.run import Status
from hw5core.runs.sweeps import Arm, Sweep
from pages.parts.shared.estimate import duration
from pages.parts.shared.frame import bar_html
from pages.parts.shared.publishing import published
from pages.parts.shared.server import planned
from pages.parts.shared.settings import race_query
from pages.parts.sweep.histories import Runs, is_active, read_histories

_STYLE = """<style>
.hw5-grid {overflow-x: auto; max-height: 26rem}
.hw5-grid table {border-collapse: separate; border-spacing: 0 2px; font-variant-numeric: tabular-nums}
.hw5-grid :is(td, th) {padding: .2rem .7rem; text-align: right; white-space: nowrap; font-weight: 400}
.hw5-grid th[scope=row] {text-align: left; border-left: .5em solid; position: sticky; left: 0}
.hw5-grid thead th {opacity: .75}
.hw5-grid a {color: inherit}
</style>"""

_COLOUR = "light-dark(#0072B2, #4FB0E8)"

_STATES = {
    Status.WAITING: "waiting",
    Status.PAUSED: "paused",
    Status.STOPPED: "stopped",
    Status.FAILED: "failed",
}


def run_grid(sweep: Sweep) -> None:
    """Draw the progress and the grid, and keep both up to date. The grid has one row per arm and one column per seed. A
    run that has started links to its race."""
    with published(_content, sweep) as (html,):
        st.html(html)


def _content(sweep: Sweep) -> tuple[str]:
    """Return both as HTML."""
    runs = read_histories(sweep)
    fraction = min(1.0, sum(run.fraction for run in runs.values()) / len(sweep.configs))
    bar = f'<div class="hw5-state">{escape(_progress(sweep, runs))}</div>{bar_html("the sweep", fraction, _COLOUR)}'
    return (bar + _grid(sweep, runs, planned()),)


def _progress(sweep: Sweep, runs: Runs) -> str:
    """Return the number of finished runs, and the time left, estimated from the time that these took."""
    times = [run.seconds for run in runs.values() if run.seconds is not None]
    words = f"{len(times)} of {len(sweep.configs)} runs are finished"
    if not times or not is_active(sweep, runs):
        return words
    missing = len(sweep.configs) - sum(run.fraction for run in runs.values())
    return f"{words}, about {duration(missing * sum(times) / len(times) / worker_count())} left"


def _grid(sweep: Sweep, runs: Runs, planned: Mapping[str, str | None]) -> str:
    head = "".join(f'<th scope="col">seed {seed}</th>' for seed in sweep.seeds)
    rows = "".join(_row(sweep, arm, runs, planned) for arm in sweep.arms)
    return (
        f'{_STYLE}<div class="hw5-grid" tabindex="0" role="region" aria-label="the runs of this sweep">'
        f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(sweep: Sweep, arm: Arm, runs: Runs, planned: Mapping[str, str | None]) -> str:
    spec = sweep.configs[arm, sweep.seeds[0]].spec
    cells = "".join(f"<td>{_cell(sweep, arm, seed, runs, planned)}</td>" for seed in sweep.seeds)
    rate = f", {arm.learning_rate:g}" * (len(sweep.learning_rates) > 1)
    return f'<tr><th scope="row" style="border-color:{spec.colour}">{escape(spec.label)}{rate}</th>{cells}</tr>'


def _cell(sweep: Sweep, arm: Arm, seed: int, runs: Runs, planned: Mapping[str, str | None]) -> str:
    run_id = sweep.run_ids[arm, seed]
    run = runs.get(run_id)
    if run is None:
        return "planned" if run_id in planned else "–"
    race = [sweep.configs[other, seed] for other in sweep.arms if other.learning_rate == arm.learning_rate]
    return f'<a href="train?{escape(urlencode(race_query(race)))}">{_words(run)}</a>'


def _words(run: RunHistory) -> str:
    """Return the accuracy of a finished run, or the status and progress of another one."""
    if run.status is Status.FINISHED and run.epochs:
        return f"{run.epochs[-1].test_accuracy:.2f} %"
    state = _STATES.get(run.status, "at")
    return f"{state} {100 * run.fraction:.0f} %" if len(run.losses) else state
