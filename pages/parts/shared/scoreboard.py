"""The scoreboard of a race: per network its newest test accuracy in large digits, its progress and a note."""

from html import escape

from hw5core.data.downloads import Download
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import learning_caption
from hw5core.runs.recorded import is_recorded
from hw5core.runs.run import Status
from pages.parts.shared.estimate import duration
from pages.parts.shared.frame import bar_html, number_html
from pages.parts.shared.queue_place import Place
from pages.parts.shared.race_snapshot import RaceSnapshot


def scoreboard(race: RaceSnapshot) -> str:
    """Return the HTML, with one part per network of the race, started or not."""
    started = {run.run_id: (run, wait) for run, wait in zip(race.runs, race.waits, strict=True)}
    parts = (_part(config, *started.get(config.run_id, (None, None))) for config in race.configs)
    return f'<div class="hw5-board">{"".join(parts)}</div>'


def _part(config: RunConfig, run: RunHistory | None, wait: Place | Download | None) -> str:
    accuracy = f"{run.epochs[-1].test_accuracy:5.2f} %" if run and run.epochs else "–"
    fraction = wait.fraction if isinstance(wait, Download) else run.fraction if run else 0.0
    return (
        f"<div>{number_html(f'{config.label}: test accuracy', accuracy, config.spec.colour)}"
        f'<div class="hw5-state">{escape(_state(run, wait))}</div>'
        f"{bar_html(config.label, fraction, config.spec.colour)}"
        f"{_note(run)}</div>"
    )


def _note(run: RunHistory | None) -> str:
    """Return the HTML of a sentence below the numbers: why the run failed, or whether its network learns."""
    if run and run.status is Status.FAILED:
        return f'<div class="hw5-says hw5-failed">Failed: {escape(run.message)}</div>'
    return f'<div class="hw5-says">{escape(learning_caption(run) if run else "")}</div>'


def _state(run: RunHistory | None, wait: Place | Download | None) -> str:
    """Return the status of a run in words, with its progress, its speed and the time left."""
    if run is None:
        return "not started"
    if isinstance(wait, Download):
        return f"downloading {wait.kind}: {wait}"
    position = f", {wait}" if wait else ""
    status = "recorded" if is_recorded(run) else run.status
    batches = f"{status}{position}: {run.done:,} of {run.config.total_steps:,} batches"
    if run.seconds is not None:
        return f"{batches} in {run.seconds:.1f} s"
    if status is not Status.RUNNING or not run.steps_per_second or not run.seconds_left:
        return batches
    return f"{batches}, {run.steps_per_second:.0f} per second, about {duration(run.seconds_left)} left at this speed"
