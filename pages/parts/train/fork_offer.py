"""The offer to fork a run that sits on its plateau: continue it with ReLU from the same weights."""

from collections.abc import Hashable

import streamlit as st

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import fork
from hw5core.runs.history import RunHistory
from hw5core.runs.learning import Stage, learning_of
from pages.parts.shared.race_snapshot import RaceSnapshot
from pages.parts.shared.reading import Reading
from pages.parts.shared.settings import fork_query

_BETTER = "relu"


def fork_offer(reading: Reading[RaceSnapshot]) -> None:
    """Draw the offer for each run that has spent an epoch or more on its plateau, and keep it up to date."""
    reading = reading.in_fragment("fork offer")
    reading.subscribe_redraw(offers)
    try:
        race = reading.value
    except StoreError:
        return  # the chart shows it
    for run in race.runs:
        child = offered_fork(run)
        if child and child.fork:
            with st.container(border=True):
                # Not the number of batches: the offer is drawn again only when its epoch changes.
                st.markdown(f"**{run.label}** was no better than guessing at the end of epoch {child.fork.epoch}.")
                if race.recorded:
                    st.caption("Run this race here. Then you can continue it with ReLU from there.")
                else:
                    st.page_link(
                        "pages/fork.py",
                        label="Continue with ReLU from here",
                        icon=":material/call_split:",
                        query_params=fork_query(child),
                        help=f"From the weights at the end of epoch {child.fork.epoch}.",
                    )


def offers(race: RaceSnapshot) -> Hashable:
    """Return a value that changes when the offers do."""
    return race.recorded, tuple(map(_offered_epochs, race.runs))


def offered_fork(run: RunHistory) -> RunConfig | None:
    """Return the fork with ReLU from the last epoch that the run has spent on its plateau, or None.

    It has one epoch more than its parent if that one has no epoch left.
    """
    config, epochs = run.config, _offered_epochs(run)
    if not epochs:
        return None
    return fork(config, epochs - 1, _BETTER, config.learning_rate, epochs=max(config.epochs, epochs + 1))


def _offered_epochs(run: RunHistory) -> int:
    """Return the epoch, counted from 1, after which a fork is offered; 0 for none.

    While the run trains it is 1, 4, 16, 64: each viewer's page redraws the offer, and an epoch may take a tenth of a
    second.
    """
    stuck = _stuck_epochs(run)
    return stuck if run.status.over or not stuck else 4 ** ((stuck.bit_length() - 1) // 2)


def _stuck_epochs(run: RunHistory) -> int:
    """Return how many finished epochs a run that can be continued with ReLU has spent on its plateau."""
    config, learning, finished = run.config, learning_of(run), len(run.epochs)
    if config.fork or config.activation == _BETTER or learning.stage is Stage.DIVERGED:
        return 0
    if learning.stage is Stage.GUESSING and learning.since is None:
        # The plateau is counted in whole windows, so the end of the last epoch may be a few batches after it.
        return finished
    return min(finished, (learning.plateau or 0) // config.steps_per_epoch)
