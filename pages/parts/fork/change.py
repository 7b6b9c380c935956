"""What a branch changes, and where it begins: each kept in the address under its own name."""

import streamlit as st

from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import SETTINGS, RunConfig
from hw5core.runs.forks import Normalisation, branch
from pages.parts.fork.beside import known_branches
from pages.parts.shared.server import run_store
from pages.parts.shared.settings import number_setting


def chosen_branch(parent: RunConfig) -> RunConfig | None:
    """Draw the choices; the branch they make, or None with a sentence while there is no epoch to begin after.

    Raises ConfigError for one that cannot be trained.
    """
    epochs = _epochs(parent)
    if not epochs:
        st.info("This run has not ended an epoch yet that a branch could begin after. Come back when it has.")
        return None
    columns = st.columns([1, 2, 2, 2, 2])
    with columns[0]:
        epoch = st.selectbox("after epoch", epochs, key="branch-epoch", bind="query-params", help=_EPOCH)
    with columns[1]:
        activation = _activation(parent)
    with columns[2]:
        rate = number_setting("learning_rate", parent.learning_rate, "branch-rate")
    with columns[3]:
        normalisation = st.selectbox(
            "batch normalisation", list(Normalisation), key="branch-normalisation", bind="query-params"
        )
    with columns[4]:
        length = number_setting("epochs", parent.epochs, "branch-epochs")
    return branch(parent, epoch, activation, rate, normalisation or Normalisation.AS_IT_IS, int(length))


def propose(parent: RunConfig) -> None:
    """Turn all choices to what a branch of this run begins with: what was to change of another run is none of it."""
    st.session_state.update(
        {
            "branch-epoch": next(iter(_epochs(parent)), None),
            "branch-activation": _other_activation(parent),
            "branch-rate": parent.learning_rate,
            "branch-normalisation": Normalisation.AS_IT_IS,
            "branch-epochs": parent.epochs,
        }
    )


_EPOCH = "A run keeps its weights at the end of each epoch, counted from 0; the branch goes on from there."


def _epochs(parent: RunConfig) -> list[int]:
    """The epochs that the run keeps the end of, and those that branches of it have begun after."""
    branched = [config.fork.epoch for config in known_branches(parent) if config.fork]
    return sorted({*run_store().forkable_epochs(parent.run_id), *branched})


def _activation(parent: RunConfig) -> str:
    names, first = list(ACTIVATIONS), _other_activation(parent)
    chosen: str = st.selectbox(
        SETTINGS["activation"].label, names, index=names.index(first), key="branch-activation", bind="query-params"
    )
    return chosen


def _other_activation(parent: RunConfig) -> str:
    """At first another one than the run's: a branch that changes nothing would be the run again."""
    return "sigmoid" if parent.activation == "relu" else "relu"
