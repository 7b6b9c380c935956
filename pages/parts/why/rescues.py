"""The rescues: one click trains the stuck network again with one change, next to the original run."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
import streamlit as st

from hw5core.charts.bands import SeedGroup, epoch_bands, loss_bands
from hw5core.charts.series import Series
from hw5core.charts.sweeps import chart_rows, loss_end, sweep_accuracy_chart, sweep_loss_chart
from hw5core.charts.words import bands_in_words
from hw5core.data.datasets import DATASETS
from hw5core.errors import StoreError
from hw5core.homework.rescues import Rescue, judge, pairs, rescues, with_seeds
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded import note, recorded_race
from hw5core.runs.run import Status
from pages.parts.shared.address import address
from pages.parts.shared.chart import draw_with_heading, heading_html, rows_to_send
from pages.parts.shared.group_snapshot import GroupSnapshot, activity_version, read_group, results_version
from pages.parts.shared.halt_buttons import halt_buttons
from pages.parts.shared.plain_words import plain
from pages.parts.shared.reading import Reading
from pages.parts.shared.run_buttons import perform
from pages.parts.shared.server import engine, owner
from pages.parts.shared.verdicts import verdict_line

_QUESTION = (
    "Sigmoid is stuck at first. Which change frees it? Each button trains the same network again with **one** change: "
    "same seed, same images, same batches."
)
_ORIGINAL = "original"
_SEEDS = ("1", "3", "5")
_TITLES = {"loss": "Training loss of the original and its rescues", "test_accuracy": "Test accuracy, every epoch"}
_LOOKS = (("#E69F00", (4, 2)), ("#CC79A7", (10, 3)), ("#56B4E9", (8, 2, 2, 2)), ("#8C6D00", (4, 2, 1, 2)))
"""The colours and dashes of the rescues that keep the activation, in their order."""


@dataclass(frozen=True, kw_only=True)
class RescueSnapshot(GroupSnapshot):
    """The original run with each of `seeds` seeds, and its rescues, at one moment.

    `recorded` has the original run of the recording if it was not trained here.
    """

    original: RunConfig
    seeds: int
    recorded: tuple[RunHistory, ...]

    @property
    def histories(self) -> Mapping[str, RunHistory]:
        """The histories by run id, also the recorded one."""
        return {one.run_id: one for one in self.recorded} | dict(self.runs)


def read_rescues(original: RunConfig, seeds: int, fresh: bool = True) -> RescueSnapshot:
    """Read the original run and its rescues from the store. Raises StoreError."""
    bases = (original, *(one.config for one in rescues(original)))
    group = read_group(tuple(config for base in bases for config in with_seeds(base, seeds)), fresh)
    recorded = () if original.run_id in group.runs else tuple(recorded_race((original,)))
    return RescueSnapshot(original=original, seeds=seeds, recorded=recorded, **vars(group))


def read_rescues_live(original: RunConfig, seeds: int) -> RescueSnapshot:
    """Read them for live updates, which share histories for a moment. Raises StoreError."""
    return read_rescues(original, seeds, fresh=False)


def draw_rescues(original: RunConfig) -> None:
    """Draw the buttons, the charts and the conclusions, and keep them up to date."""
    st.subheader("Rescues", anchor=False)
    st.markdown(_QUESTION)
    text = st.segmented_control(
        "seeds", _SEEDS, default=_SEEDS[0], required=True, key="rescue-seeds", bind="query-params",
        help="With several seeds, a click trains both runs with each seed, and the charts show the mean and the range.",
    )  # fmt: skip
    reading = Reading(read_rescues, original, int(text or 1), live=read_rescues_live)
    reading.subscribe_redraw(_version)
    try:
        snapshot = reading.value
        _draw_buttons(snapshot)
        for problem in snapshot.problems:
            st.error(plain(problem))
        if snapshot.histories:
            _draw_charts(reading)
            _draw_conclusions(snapshot)
        else:
            st.info("The original run is not on this server yet. The first click trains it too.")
    except StoreError as error:
        st.error(plain(error))


def _version(snapshot: RescueSnapshot) -> Hashable:
    content = _content(snapshot)
    return activity_version(snapshot), results_version(snapshot), snapshot.problems, content.axes, content.series


def _draw_buttons(snapshot: RescueSnapshot) -> None:
    pressed = None
    with st.container(horizontal=True):
        for one in rescues(snapshot.original):
            state = _state(snapshot, one)
            if st.button(one.label, icon=state and f":material/{state}:", disabled=bool(state)):
                pressed = one
        halt = halt_buttons(snapshot)
    if halt and perform(halt):
        st.rerun()
    if pressed and perform(lambda: _start(snapshot, pressed)):
        st.rerun()
    active = [run.config for run in snapshot.runs.values() if not run.status.over]
    if snapshot.abandoned and not halt:
        perform(lambda: engine().plan(active, owner(), address()))


def _state(snapshot: RescueSnapshot, rescue: Rescue) -> str | None:
    """Return the icon of a rescue that is trained or finished, or None for one that can be started."""
    ids = [config.run_id for config in with_seeds(rescue.config, snapshot.seeds)]
    runs = [snapshot.runs[one] for one in ids if one in snapshot.runs]
    if len(runs) == len(ids) and all(run.status is Status.FINISHED for run in runs):
        return "check"
    waiting = any(one in snapshot.plans for one in ids) or any(not run.status.over for run in runs)
    return "hourglass_top" if waiting else None


def _start(snapshot: RescueSnapshot, rescue: Rescue) -> None:
    """Start the original run and the rescue, and plan their other seeds. Raises EngineError."""
    known = {run_id for run_id, run in snapshot.histories.items() if run.status is Status.FINISHED}
    both = zip(*(with_seeds(one, snapshot.seeds) for one in (rescue.config, snapshot.original)), strict=True)
    missing = [[config for config in pair if config.run_id not in known] for pair in both]
    engine().start(missing[0], owner(), address())
    if others := [config for pair in missing[1:] for config in pair]:
        engine().plan(others, owner(), address())


@dataclass(frozen=True)
class _Content:
    """The charts: their series, and the heading in HTML and the rows of each, by column.

    `axes` holds the end of the axis of the loss, and the share of the most common class once it is known. It is None
    without any run.
    """

    series: tuple[Series, ...]
    axes: tuple[float, float | None] | None
    charts: Mapping[str, tuple[str, pa.Table]]


def _content(snapshot: RescueSnapshot) -> _Content:
    return _content_of(snapshot.original, snapshot.seeds, tuple(snapshot.histories.values()))


@lru_cache(maxsize=16)
def _content_of(original: RunConfig, seeds: int, histories: tuple[RunHistory, ...]) -> _Content:
    """Compute the charts once for all viewers, and again when a run has reported something."""
    runs = {run.run_id: run for run in histories}
    looks = {series.label: (series, config) for series, config in _looks(original)}
    groups = [
        SeedGroup(label, config.learning_rate, seeds, found)
        for label, (_, config) in looks.items()
        if (found := tuple(runs[one.run_id] for one in with_seeds(config, seeds) if one.run_id in runs))
    ]
    if not groups:
        return _Content((), None, {})
    tables = {"loss": loss_bands(groups, original.total_steps), "test_accuracy": epoch_bands(groups)}
    charts = {
        what: (heading_html(_TITLES[what], bands_in_words(table, what)), rows_to_send(chart_rows(table)))
        for what, table in tables.items()
    }
    share = next((run.started.commonest_share for run in histories if run.started), None)
    shown = tuple(looks[group.label][0] for group in groups)
    return _Content(shown, (loss_end(tables["loss"].loss), share), charts)


def _looks(original: RunConfig) -> list[tuple[Series, RunConfig]]:
    """Return the series and the config of the original run and of each rescue."""
    classes, free = DATASETS[original.dataset].classes, iter(_LOOKS)
    label = f"{original.label}, {_ORIGINAL}"
    found = [(Series(label, _ORIGINAL, original.spec.colour, original.spec.dash, classes), original)]
    for one in rescues(original):
        spec = one.config.spec if one.config.relu_layer == original.relu_layer else ACTIVATIONS["relu"]
        colour, dash = (spec.colour, spec.dash) if spec != original.spec else next(free)
        found.append((Series(one.label, one.label, colour, dash, classes), one.config))
    return found


def _draw_charts(reading: Reading[RescueSnapshot]) -> None:
    snapshot = reading.value
    if snapshot.recorded:
        st.caption(f":material/history: The original run was recorded {note(snapshot.recorded[0])}.")
    content, original = _content(snapshot), snapshot.original
    assert content.axes
    end, share = content.axes
    charts = {
        "loss": sweep_loss_chart(content.series, original.total_steps, end),
        "test_accuracy": sweep_accuracy_chart(content.series, original.epochs, share),
    }
    for place, (what, chart) in zip(st.columns(2), charts.items(), strict=True):
        with place, reading.published(_chart, what) as (heading, rows):
            draw_with_heading(heading, _TITLES[what], rows, chart, key=f"rescues {what}")


def _chart(snapshot: RescueSnapshot, what: str) -> tuple[str, pa.Table]:
    """Return the heading and the rows of a chart."""
    return _content(snapshot).charts[what]


def _draw_conclusions(snapshot: RescueSnapshot) -> None:
    """Draw a verdict on each rescue that was tried."""
    originals = with_seeds(snapshot.original, snapshot.seeds)
    for one in rescues(snapshot.original):
        found = pairs(originals, with_seeds(one.config, snapshot.seeds), snapshot.histories)
        if found:
            verdict, reason = judge(one.label, found)
            title = f"{one.label[0].upper()}{one.label[1:]} frees {snapshot.original.label}"
            st.markdown(verdict_line(verdict, title, str(verdict), reason))
