"""The recorded race: it plays from its first batch, and can be played again or shown to its end."""

import time

import streamlit as st

from hw5core.runs.recorded import note
from hw5core.runs.run import Status
from pages.parts.shared.race_snapshot import RaceSnapshot

_PLAYED = "recording played"
"""The time from which this session's recording plays, in seconds since 1970."""


def played() -> float:
    """Return the time from which the recording plays for this session: at first, when it is opened."""
    since: float = st.session_state.setdefault(_PLAYED, time.time())
    return since


def playback(race: RaceSnapshot) -> None:
    """Say where the recorded race was trained, and draw the button that skips or repeats it."""
    st.caption(f":material/history: **Recorded** {note(race.runs[0])}, not run here. Start the race to run it here.")
    if any(run.status is Status.RUNNING for run in race.runs):
        st.button("Skip to the end", icon=":material/skip_next:", type="tertiary", on_click=_play_from, args=(0.0,))
    else:
        st.button("Play again", icon=":material/replay:", type="tertiary", on_click=_play_from)


def _play_from(since: float | None = None) -> None:
    st.session_state[_PLAYED] = time.time() if since is None else since
