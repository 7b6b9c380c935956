"""One batch, opened: its images, and what each network made of them before it learnt from them."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.training.batches import Answer, Batch, answers, open_batch
from pages.parts.shared.server import ask_worker, run_store

MOST_IMAGES = 10
_ENLARGED = 4


def opened_batch(step: int, runs: Sequence[RunHistory]) -> None:
    """Show the batch under the curve's point; all networks of a race saw the same images in it."""
    batch = open_once(runs[0].run.config, step)
    epoch, number = divmod(step, runs[0].run.config.steps_per_epoch)
    st.markdown(f"**Batch {step:,}**: number {number:,} of epoch {epoch}")
    told = [(run, answers_of(run, step)) for run in runs]
    for place, column in enumerate(st.columns(min(MOST_IMAGES, len(batch.labels)))):
        with column:
            _image(batch, place, [(run, found[place]) for run, found in told if found])
    for run, found in told:
        if found:
            losses = " + ".join(f"{answer.loss:.3f}" for answer in found[:MOST_IMAGES])
            more = " + …" if len(found) > MOST_IMAGES else ""
            st.markdown(
                f"{run.run.config.label}: ({losses}{more}) / {len(found)} = **{run.losses[step - run.first_step]:.4f}**"
            )


def answers_of(run: RunHistory, step: int) -> list[Answer]:
    """How each image of the run's batch fared, by the store: who follows a run for its curves does not carry that."""
    return answers(run_store().report_of(run.run.run_id, step), run.run.config, step)


def _image(batch: Batch, place: int, told: list[tuple[RunHistory, Answer]]) -> None:
    label = int(batch.labels[place])
    st.image(
        enlarged(batch.images[place]),
        caption=f"a {label}",
        alt=f"the image: a {label}",
    )
    for run, answer in told:
        right = "✓" if answer.prediction == label else "✗"
        st.caption(f"{run.run.config.label}: {answer.prediction} {right}, loss {answer.loss:.3f}")


def enlarged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each pixel a square, so that the browser does not blur them."""
    return np.kron(image, np.ones((_ENLARGED, _ENLARGED), np.uint8))


@st.cache_data(max_entries=200, show_spinner="Finding the batch's images …")
def open_once(config: RunConfig, step: int) -> Batch:
    """The batch's images, found again by a worker once for everybody who opens it."""
    batch: Batch = ask_worker(open_batch, config, step)
    return batch
