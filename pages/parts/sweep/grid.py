"""The progress of a sweep, and a grid of its runs with one cell per run: its accuracy, or its status."""

from html import escape
from urllib.parse import urlencode

import streamlit as st

from hw5core.engine.cluster import worker_count
from hw5core.runs.learning import learning_of
from hw5core.runs.run import Status
from hw5core.runs.sweeps import Arm
from pages.parts.shared.estimate import duration
from pages.parts.shared.frame import bar_html
from pages.parts.shared.reading import Reading
from pages.parts.shared.settings import race_query
from pages.parts.sweep.snapshot import SweepSnapshot

_STYLE = """<style>
.hw5-grid {overflow-x: auto; max-height: 26rem}
.hw5-grid table {border-collapse: separate; border-spacing: 0 2px; font-variant-numeric: tabular-nums}
.hw5-grid :is(td, th) {padding: .2rem .7rem; text-align: right; white-space: nowrap; font-weight: 400}
.hw5-grid th[scope=row] {text-align: left; border-left: .5em solid; position: sticky; left: 0}
.hw5-grid thead th {opacity: .75}
.hw5-grid a {color: inherit}
</style>"""

_COLOUR = "light-dark(#0072B2, #4FB0E8)"

_LAST_FINISHED = 4
"""The number of runs from whose time the time left is estimated."""

_STATES = {
    Status.WAITING: "waiting",
    Status.PAUSED: "paused",
    Status.STOPPED: "stopped",
    Status.FAILED: "failed",
}


def run_grid(reading: Reading[SweepSnapshot]) -> None:
    """Draw the progress and the grid, and keep both up to date. The grid has one row per arm and one column per seed. A
    run that has started links to its race."""
    with reading.published(_content) as (html,):
        st.html(html)


def _content(snapshot: SweepSnapshot) -> tuple[str]:
    """Return both as HTML."""
    runs = snapshot.runs.values()
    fraction = min(1.0, sum(run.fraction for run in runs) / len(snapshot.sweep.configs))
    bar = f'<div class="hw5-state">{escape(_progress(snapshot))}</div>{bar_html("the sweep", fraction, _COLOUR)}'
    return (bar + _grid(snapshot),)


def _progress(snapshot: SweepSnapshot) -> str:
    """Return the number of finished runs, and the time left."""
    runs, number = snapshot.runs.values(), len(snapshot.sweep.configs)
    words = f"{sum(run.seconds is not None for run in runs)} of {number} runs are finished"
    times, basis = _run_times(snapshot)
    if not times or not snapshot.active:
        return words
    missing = number - sum(run.fraction for run in runs)
    return f"{words}, about {duration(missing * sum(times) / len(times) / worker_count())} left {basis}"


def _run_times(snapshot: SweepSnapshot) -> tuple[list[float], str]:
    """Return the times, in seconds, from which the time left is estimated, and what they are.

    The load of the machine changes, so runs that finished long ago say little about the next ones.
    """
    runs = snapshot.runs.values()
    finished = sorted((run.run.changed, run.seconds) for run in runs if run.seconds is not None)
    if finished:
        last = [seconds for _, seconds in finished[-_LAST_FINISHED:]]
        return last, f"if the others take as long as the last {len(last)}"
    speeds = [(run.config.total_steps, run.steps_per_second) for run in runs if run.status is Status.RUNNING]
    return [steps / speed for steps, speed in speeds if speed], "at the current speed"


def _grid(snapshot: SweepSnapshot) -> str:
    sweep = snapshot.sweep
    head = "".join(f'<th scope="col">seed {seed}</th>' for seed in sweep.seeds)
    rows = []
    for arm in sweep.arms:
        spec = sweep.configs[arm, sweep.seeds[0]].spec
        rate = f", {arm.learning_rate:g}" * (len(sweep.learning_rates) > 1)
        cells = "".join(f"<td>{_cell(snapshot, arm, seed)}</td>" for seed in sweep.seeds)
        label = f'<th scope="row" style="border-color:{spec.colour}">{escape(spec.label)}{rate}</th>'
        rows.append(f"<tr>{label}{cells}</tr>")
    return (
        f'{_STYLE}<div class="hw5-grid" tabindex="0" role="region" aria-label="the runs of this sweep">'
        f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(snapshot: SweepSnapshot, arm: Arm, seed: int) -> str:
    """Return the accuracy of a finished run, or the status and progress of another one."""
    sweep = snapshot.sweep
    run_id = sweep.run_ids[arm, seed]
    run = snapshot.runs.get(run_id)
    if run is None:
        return "planned" if run_id in snapshot.plans else "deleted" if run_id in snapshot.deleted else "–"
    if run.status is Status.FINISHED and run.epochs:
        diverged = " diverged" * (learning_of(run).diverged_at is not None)
        words = f"{run.epochs[-1].test_accuracy:.2f} %{diverged}"
    else:
        state = _STATES.get(run.status, "at")
        words = f"{state} {100 * run.fraction:.0f} %" if len(run.losses) else state
    race = [sweep.configs[other, seed] for other in sweep.arms if other.learning_rate == arm.learning_rate]
    return f'<a href="train?{escape(urlencode(race_query(race)))}">{words}</a>'
