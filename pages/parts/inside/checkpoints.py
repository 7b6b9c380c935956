"""The weights that the page can show: those of the store, and those that are shipped with the app."""

from collections.abc import Hashable

import numpy as np
import streamlit as st

from hw5core.errors import WeightsError
from hw5core.runs.config import RunConfig
from hw5core.runs.feature_maps import FeatureMaps
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded import recorded_race
from hw5core.runs.recorded_weights import shipped_epochs, shipped_weights
from hw5core.runs.weights import Weights, short_receipt, to_bytes
from hw5core.training.predictions import Source, feature_maps_at, predict_at, weights_at
from pages.parts.shared.server import ask_worker, follower, run_store

START = -1
"""In place of an epoch: before the first batch."""


def read_epochs(configs: tuple[RunConfig, ...]) -> tuple[int, ...]:
    """Return the epochs after which the weights of all these networks are known, with START first."""
    known = [set(_epochs_of(config)) for config in configs]
    return (START, *sorted(set.intersection(*known)))


def epochs_version(epochs: tuple[int, ...]) -> Hashable:
    """Return a value that changes when there are weights of another epoch."""
    return epochs


def _epochs_of(config: RunConfig) -> list[int]:
    return run_store().forkable_epochs(config.run_id) or shipped_epochs(config)


def accuracies_in_words(configs: tuple[RunConfig, ...], epoch: int) -> str:
    """Return the test accuracies after this epoch as a sentence."""
    if epoch == START:
        return "The first weights, before any training."
    histories = [history_of(config) for config in configs]
    found = (
        f"{history.label} {one.test_accuracy:.2f} %"
        for history in histories
        if history
        for one in history.epochs
        if one.epoch == epoch
    )
    return f"Test accuracy after epoch {epoch}: {', '.join(found)}."


def history_of(config: RunConfig) -> RunHistory | None:
    return follower(config.run_id).read() or next(iter(recorded_race((config,))), None)


@st.cache_data(max_entries=1_000, show_spinner=False)
def probabilities(configs: tuple[RunConfig, ...], epoch: int, image: bytes) -> tuple[tuple[float, ...], ...]:
    """Return the probabilities that each network gives to the classes of an image of 28x28 pixels, after this epoch.

    A worker computes them once for all viewers. Raises EngineError, StoreError or WeightsError.
    """
    sources = tuple(source_of(config, epoch) for config in configs)
    rows: tuple[tuple[float, ...], ...] = ask_worker(predict_at, configs, sources, image)
    return rows


@st.cache_data(max_entries=300, show_spinner=False)
def feature_maps(
    configs: tuple[RunConfig, ...], epoch: int, image: bytes, number: int, place: tuple[int, ...]
) -> tuple[FeatureMaps, ...]:
    """Return what layer `number`, counted from 1, of each network makes of an image after this epoch.

    The value at this place is written out. A worker computes it once for all viewers. Raises EngineError, StoreError or
    WeightsError.
    """
    sources = tuple(source_of(config, epoch) for config in configs)
    maps: tuple[FeatureMaps, ...] = ask_worker(feature_maps_at, configs, sources, image, number, place)
    return maps


def source_of(config: RunConfig, epoch: int) -> Source:
    """Return the checkpoint or the tensors of the network after this epoch. Raise WeightsError if they are gone."""
    if epoch == START and config.fork is None:
        return None
    # A fork starts from its parent's weights, which its own first checkpoint has.
    wanted = config.fork.epoch if config.fork and epoch == START else epoch
    checkpoint = run_store().epoch_checkpoint(config.run_id, wanted)
    if checkpoint:
        return checkpoint
    shipped = shipped_weights(config, epoch)
    if shipped:
        return shipped.tensors
    raise WeightsError(
        f"The weights of {config.label} after epoch {wanted} are not here any more. Choose another epoch."
    )


def weights_file(config: RunConfig, epoch: int) -> bytes:
    """Return the content of a safetensors file with the weights after this epoch. Raises LabError."""
    history = follower(config.run_id).read()
    checkpoint = run_store().epoch_checkpoint(config.run_id, epoch)
    if history is None or checkpoint is None:
        shipped = shipped_weights(config, epoch)
        if shipped is None:
            raise WeightsError("These weights are not here any more.")
        return to_bytes(shipped)
    tensors: dict[str, np.ndarray] = ask_worker(weights_at, config, checkpoint)
    return to_bytes(Weights(config, epoch, tensors, short_receipt(history)))
