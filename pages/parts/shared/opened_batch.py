"""One batch in detail: its images, and what each network predicted for them before it learned from them."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.data.datasets import DATASETS
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.training.batches import Batch, Prediction, open_batch, predictions_in
from pages.parts.shared.server import ask_worker, run_store

MAX_IMAGES = 10
_ENLARGED = 4
_IMAGE_WIDTH = 52


def opened_batch(step: int, runs: Sequence[RunHistory]) -> None:
    """Draw batch `step` with the predictions that each run made for it."""
    draw_batch(step, [(run, predictions_of(run, step)) for run in runs])


def draw_batch(step: int, predicted: Sequence[tuple[RunHistory, list[Prediction]]]) -> None:
    """Draw the images of batch `step`, which all networks of a race see, with the predictions of each run."""
    config = predicted[0][0].config
    batch, dataset = open_once(config, step), DATASETS[config.dataset]
    epoch, number = divmod(step, config.steps_per_epoch)
    of_run = f" It is batch {step:,} of the run." if epoch else ""
    st.markdown(f"**Epoch {epoch}, batch {number:,}.**{of_run}")
    shown = range(min(MAX_IMAGES, len(batch.labels)))
    st.image(
        [enlarged(batch.images[place]) for place in shown],
        caption=[dataset.class_in_words(batch.labels[place]) for place in shown],
        alt=[f"the image: {dataset.class_in_words(batch.labels[place])}" for place in shown],
        width=_IMAGE_WIDTH,
    )
    for run, predictions in predicted:
        if predictions:
            st.markdown(_in_words(run, step, batch, predictions))


def _in_words(run: RunHistory, step: int, batch: Batch, predictions: list[Prediction]) -> str:
    """Return what the run predicted for each image, and the losses with their mean."""
    shown = list(zip(predictions[:MAX_IMAGES], batch.labels, strict=False))
    marks = ", ".join(f"{one.label} {'✓' if one.label == label else '✗'}" for one, label in shown)
    losses = " + ".join(f"{one.loss:.3f}" for one, _ in shown)
    more = " + …" if len(predictions) > MAX_IMAGES else ""
    mean = run.losses[step - run.first_step]
    loss = f"Loss of {run.label}: ({losses}{more}) / {len(predictions)} = **{mean:.4f}**"
    return f"**{run.label}** predicted {marks}  \n{loss}"


def predictions_of(run: RunHistory, step: int) -> list[Prediction]:
    """Return the prediction and the loss of each image of a batch, from the store. Histories leave them out."""
    return predictions_in(run_store().losses_of_batch(run.run_id, step), run.config, step)


def enlarged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the image with each pixel as a square of 4x4 pixels, so that the browser does not blur it."""
    return np.kron(image, np.ones((_ENLARGED, _ENLARGED), np.uint8))


@st.cache_data(max_entries=200, show_spinner="Loading the images of the batch …")
def open_once(config: RunConfig, step: int) -> Batch:
    """Return the images and labels of a batch. A worker finds them once for all viewers."""
    batch: Batch = ask_worker(open_batch, config, step)
    return batch
