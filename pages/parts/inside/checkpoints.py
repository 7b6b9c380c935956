"""The weights that the page can show: those of the store, and those of the recording."""

from collections.abc import Hashable

import numpy as np
import streamlit as st

from hw5core.errors import WeightsError
from hw5core.runs.config import RunConfig
from hw5core.runs.feature_maps import FeatureMaps
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded import recorded_race
from hw5core.runs.recorded_weights import recorded_steps, tensors_of_recording, weights_of_recording
from hw5core.runs.weights import Weights, short_receipt, to_bytes
from hw5core.training.predictions import Source, feature_maps_at, predict_at, weights_at
from pages.parts.shared.server import ask_worker, follower, run_store

START = 0
"""The number of batches before the first one. The weights are those that the seed draws."""


def read_checkpoints(configs: tuple[RunConfig, ...]) -> tuple[int, ...]:
    """Return after how many batches the weights of all these networks are known, the start of training included."""
    known = [set(_steps_of(config)) for config in configs]
    return (configs[0].first_step, *sorted(set.intersection(*known)))


def checkpoints_version(steps: tuple[int, ...]) -> Hashable:
    """Return a value that changes when there is another checkpoint."""
    return steps


def _steps_of(config: RunConfig) -> list[int]:
    return run_store().kept_steps(config.run_id) or recorded_steps(config)


def ended_epoch(config: RunConfig, step: int) -> int | None:
    """Return the epoch of the run that ends after this many batches, counted from 0, or None if none does."""
    is_end = step > config.first_step and step % config.steps_per_epoch == 0
    return step // config.steps_per_epoch - 1 if is_end else None


def checkpoint_name(config: RunConfig, step: int) -> str:
    """Return what the checkpoint after this many batches is called: "start", "10 batches" or "epoch 3"."""
    epoch = ended_epoch(config, step)
    if epoch is not None:
        return f"epoch {epoch}"
    return "start" if step == config.first_step else f"{step:,} batches"


def accuracies_in_words(configs: tuple[RunConfig, ...], step: int) -> str:
    """Return the test accuracies at this checkpoint as a sentence."""
    if step == configs[0].first_step:
        return "The weights from which this fork starts." if step else "The initial weights, before any training."
    epoch, name = ended_epoch(configs[0], step), checkpoint_name(configs[0], step)
    if epoch is None:
        return f"The weights after {name}. A run measures its test accuracy at the end of each epoch."
    histories = [history_of(config) for config in configs]
    found = (
        f"{history.label} {one.test_accuracy:.2f} %"
        for history in histories
        if history
        for one in history.epochs
        if one.epoch == epoch
    )
    return f"Test accuracy after {name}: {', '.join(found)}."


def history_of(config: RunConfig) -> RunHistory | None:
    return follower(config.run_id).read() or next(iter(recorded_race((config,))), None)


@st.cache_data(max_entries=1_000, show_spinner=False)
def probabilities(configs: tuple[RunConfig, ...], step: int, image: bytes) -> tuple[tuple[float, ...], ...]:
    """Return the probabilities that each network gives to the classes of an image of 28x28 pixels after `step` batches.

    A worker computes them once for all viewers. Raises EngineError, StoreError or WeightsError.
    """
    sources = tuple(source_of(config, step) for config in configs)
    rows: tuple[tuple[float, ...], ...] = ask_worker(predict_at, configs, sources, image)
    return rows


@st.cache_data(max_entries=100, show_spinner=False)
def feature_maps(
    configs: tuple[RunConfig, ...], step: int, image: bytes, number: int, place: tuple[int, ...]
) -> tuple[FeatureMaps, ...]:
    """Return what layer `number`, counted from 1, of each network makes of an image after `step` batches.

    The value at this place is written out. A worker computes it once for all viewers. Raises EngineError, StoreError or
    WeightsError.
    """
    sources = tuple(source_of(config, step) for config in configs)
    maps: tuple[FeatureMaps, ...] = ask_worker(feature_maps_at, configs, sources, image, number, place)
    return maps


def source_of(config: RunConfig, step: int) -> Source:
    """Return the weights of the network after this many batches. Raise WeightsError if they are gone."""
    if step == START:
        return None
    # A fork's first own checkpoint has its parent's weights, from which it starts.
    checkpoint = run_store().checkpoint_at(config.run_id, step)
    if checkpoint:
        return checkpoint
    recorded = tensors_of_recording(config, step)
    if recorded:
        return recorded
    raise WeightsError(
        f"The weights of {config.label} after {step:,} batches are not here any more. Move the slider to another place."
    )


def weights_file(config: RunConfig, epoch: int) -> bytes:
    """Return the content of a safetensors file with the weights after this epoch. Raises LabError."""
    history = follower(config.run_id).read()
    checkpoint = run_store().checkpoint_of_epoch(config.run_id, epoch)
    if history is None or checkpoint is None:
        recorded = weights_of_recording(config, epoch)
        if recorded is None:
            raise WeightsError("These weights are not here any more.")
        return to_bytes(recorded)
    tensors: dict[str, np.ndarray] = ask_worker(weights_at, config, checkpoint)
    return to_bytes(Weights(config, epoch, tensors, short_receipt(history)))
