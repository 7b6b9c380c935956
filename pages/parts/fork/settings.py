"""The settings of a fork: where it starts and what it changes. The URL stores each of them."""

import streamlit as st

from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import SETTINGS, RunConfig
from hw5core.runs.forks import Normalisation, fork
from pages.parts.shared.server import run_store
from pages.parts.shared.settings import fork_url_name, number_setting

_EPOCH = "The fork starts from the weights at the end of this epoch. Epochs are counted from 0."


def chosen_fork(parent: RunConfig, forks: list[RunConfig]) -> RunConfig | None:
    """Draw the settings and return the fork. If the parent has no checkpoint to start from, say so and return None.

    `forks` are the forks of the parent that exist: their epochs can be chosen even if the checkpoint is gone. Raises
    ConfigError for a fork that cannot be trained.
    """
    epochs = _epochs(parent, forks)
    if not epochs:
        st.info("This run has not finished an epoch yet. A fork can start after its first epoch.")
        return None
    where, what = st.columns([2, 3])
    with where:
        epoch = st.selectbox("after epoch", epochs, key=fork_url_name("epoch"), bind="query-params", help=_EPOCH)
    with what:
        names = list(ACTIVATIONS)
        activation = st.selectbox(
            SETTINGS["activation"].label,
            names,
            index=names.index(_default_activation(parent)),
            key=fork_url_name("activation"),
            bind="query-params",
        )
    normalisation = st.selectbox(
        "batch normalisation", list(Normalisation), key=fork_url_name("normalisation"), bind="query-params"
    )
    left, right = st.columns(2)
    with left:
        rate = number_setting("learning_rate", parent.learning_rate, fork_url_name("learning_rate"))
    with right:
        length = number_setting("epochs", parent.epochs, fork_url_name("epochs"))
    return fork(parent, epoch, activation, rate, normalisation or Normalisation.AS_IT_IS, int(length))


def reset(parent: RunConfig, forks: list[RunConfig]) -> None:
    """Set all settings to the defaults for a fork of this parent."""
    defaults = {
        "epoch": next(iter(_epochs(parent, forks)), None),
        "activation": _default_activation(parent),
        "learning_rate": parent.learning_rate,
        "normalisation": Normalisation.AS_IT_IS,
        "epochs": parent.epochs,
    }
    st.session_state.update({fork_url_name(name): value for name, value in defaults.items()})


def _epochs(parent: RunConfig, forks: list[RunConfig]) -> list[int]:
    """Return the epochs with a checkpoint, and those after which existing forks start."""
    return sorted({*run_store().forkable_epochs(parent.run_id), *(fork.fork.epoch for fork in forks if fork.fork)})


def _default_activation(parent: RunConfig) -> str:
    """Return another activation than the parent's, because a fork without a change repeats its parent."""
    return "sigmoid" if parent.activation == "relu" else "relu"
