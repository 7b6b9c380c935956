"""The recorded race: it plays from its first batch, and can be played again or shown to its end."""

import time
from contextlib import suppress

import streamlit as st

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.recorded import has_recording, note
from hw5core.runs.run import Status
from pages.parts.shared.race_snapshot import (
    PLAY_FRAMES,
    PLAY_SECONDS,
    TO_THE_END,
    RaceSnapshot,
    read_race,
    read_race_live,
)
from pages.parts.shared.reading import Reading

_PLAYED = "recording played"
"""The time from which this session's recording plays, in seconds since 1970."""


def race_or_recording(configs: tuple[RunConfig, ...]) -> Reading[RaceSnapshot]:
    """Read the race, or its recording, which plays for this session, as long as nobody has started the race here.

    A session has its own reading only while a recording plays. All viewers of a race share the rest.
    """
    reading = Reading(read_race, configs, live=read_race_live)
    with suppress(StoreError):  # the reading raises it again when its value is drawn
        if has_recording(configs) and not reading.value.runs:
            return Reading(read_race_live, configs, _play_start())
    return reading


def _play_start() -> float:
    """Return the time from which the recording plays for this session: at first, when it is opened."""
    since: float = st.session_state.setdefault(_PLAYED, _now())
    return since if time.time() < since + PLAY_SECONDS else TO_THE_END


def _now() -> float:
    """Return the time of the newest frame, which sessions that open the page at almost the same time share."""
    frame = PLAY_SECONDS / PLAY_FRAMES
    return time.time() // frame * frame


def playback(race: RaceSnapshot) -> None:
    """Say where the recorded race was trained, and draw the button that skips or repeats it."""
    st.caption(f":material/history: **Recorded** {note(race.runs[0])}, not run here. Start the race to run it here.")
    if any(run.status is Status.RUNNING for run in race.runs):
        st.button(
            "Skip to the end", icon=":material/skip_next:", type="tertiary", on_click=_play_from, args=(TO_THE_END,)
        )
    else:
        st.button("Play again", icon=":material/replay:", type="tertiary", on_click=_play_from)


def _play_from(since: float | None = None) -> None:
    st.session_state[_PLAYED] = _now() if since is None else since
