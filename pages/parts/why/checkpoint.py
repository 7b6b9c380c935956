"""The choice of the weights with which a batch is looked at: the first ones, or those of a checkpoint of the race."""

import streamlit as st

from hw5core.errors import StoreError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import Checkpoint
from pages.parts.shared.server import run_store


def chosen_checkpoint(configs: tuple[RunConfig, ...], key: str) -> int:
    """Draw the choice, if all networks have checkpoints. Return after how many batches; 0 is before training.

    Raise StoreError.
    """
    known = [set(run_store().kept_steps(config.run_id)) for config in configs]
    steps = [0, *sorted(set.intersection(*known))]
    if len(steps) == 1:
        return 0
    return st.selectbox("weights", steps, format_func=after_in_words, key=key, width=260)


def after_in_words(step: int) -> str:
    """Return when a network has these weights: after `step` batches, or before any training."""
    return f"after {step:,} batches" if step else "before any training"


def checkpoint_after(config: RunConfig, step: int) -> Checkpoint | None:
    """Return the checkpoint of a network after `step` batches, or None for 0. Raise StoreError if it is gone."""
    checkpoint = run_store().checkpoint_at(config.run_id, step) if step else None
    if step and checkpoint is None:
        raise StoreError(f"The weights of {config.label} {after_in_words(step)} are gone. Choose others.")
    return checkpoint


def next_batch(config: RunConfig, step: int) -> int:
    """Return the number of the batch that is trained after `step` batches. After all of them, it is the last one."""
    return min(step, config.total_steps - 1)
