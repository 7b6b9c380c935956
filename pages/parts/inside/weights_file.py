"""Weights from a visitor's own safetensors file, as one more network. weights_file.js sends the file.

Nothing in the file is ever unpickled, and its texts are shown as plain text. Its size is limited before it is read.
"""

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.data.datasets import DATASETS
from hw5core.errors import LabError, WeightsError
from hw5core.network.counting import count
from hw5core.runs.catalogue import describe_settings
from hw5core.runs.receipts import metrics_of_receipt
from hw5core.runs.weights import Weights, from_bytes
from hw5core.strict_json import to_json
from hw5core.training.predictions import predict
from pages.parts.inside.prediction_bars import Row
from pages.parts.shared.component import inline_component
from pages.parts.shared.plain_code import plain_code
from pages.parts.shared.plain_words import plain
from pages.parts.shared.sent_bytes import bytes_in, most_bytes
from pages.parts.shared.server import ask_worker

MAX_BYTES = 4_000_000
"""The largest file: a million parameters. A worker gets the weights with every drawing, and each visitor has a file."""

MAX_VALUES = 10_000_000
"""The most output values of all layers for one image."""

_KEY = "weights file"
_LOADED = "loaded weights"
_PROBLEM = "problem of the weights"
_MAX_RECEIPT = 4_000

_component = inline_component(__file__, "weights_file", '<div class="weights-file"></div>')


def weights_file() -> Weights | None:
    """Draw the button, and what is known of the file. Return its weights, or None without a file.

    If a file cannot be used, the reason is below the button, and the file before it stays.
    """
    _component(key=_KEY, data={"most_bytes": most_bytes(MAX_BYTES)}, on_file_change=_take)
    if problem := st.session_state.get(_PROBLEM):
        st.warning(problem)
    weights: Weights | None = st.session_state.get(_LOADED)
    if weights:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(in_words(weights), width="stretch")
            st.button("Remove", key="remove loaded weights", on_click=_remove)
        with st.expander("Architecture and receipt of the file"):
            st.html(plain_code(about(weights)))
    return weights


def label_of(weights: Weights) -> str:
    """Return what the network is called next to those of the race."""
    return f"your file ({weights.config.label})"


def row_of(weights: Weights, image: NDArray[np.uint8]) -> Row:
    """Return the probabilities of the classes that the network gives to the image. Raises LabError."""
    rows: NDArray[np.float32] = ask_worker(predict, weights.config, weights.tensors, image[None])
    return tuple(rows[0].tolist())


def in_words(weights: Weights) -> str:
    """Return where the weights come from, and the accuracy that their receipt reports."""
    config = weights.config
    known = {one.name: one.value for one in metrics_of_receipt(weights.receipt)}
    accuracy = known.get(f"test accuracy of epoch {weights.epoch}")
    reported = "" if accuracy is None else f" Its receipt reports {accuracy:.2f} % of the test images as right."
    return (
        f"**Your file:** {config.label} after epoch {weights.epoch} of run `{config.run_id}` on {config.dataset} "
        f"({describe_settings(config)}).{reported}"
    )


def about(weights: Weights) -> str:
    """Return the network, and what the receipt says besides its losses, as plain text."""
    config, receipt = weights.config, weights.receipt
    kept = {name: value for name, value in receipt.items() if name not in ("metrics", "clock")}
    results = {"epochs": receipt["metrics"]["epochs"]}
    text = to_json(kept | results)
    more = "\n… (the rest is in the file)" if len(text) > _MAX_RECEIPT else ""
    return f"{config.network}\n{count(config.architecture).parameters:,} parameters\n\n{text[:_MAX_RECEIPT]}{more}"


def _remove() -> None:
    st.session_state.pop(_LOADED, None)
    st.session_state.pop(_PROBLEM, None)


def _take() -> None:
    """Read what the browser has sent, or keep the reason why that is not possible."""
    st.session_state.pop(_PROBLEM, None)
    try:
        weights = weights_in(st.session_state[_KEY].get("file"))
        # A worker finds out whether the tensors fit the network.
        row_of(weights, np.zeros(DATASETS[weights.config.dataset].shape[1:], np.uint8))
        st.session_state[_LOADED] = weights
    except LabError as error:
        st.session_state[_PROBLEM] = plain(error)


def weights_in(sent: Any) -> Weights:
    """Return the weights in what a browser has sent. Raise WeightsError if there are none, or too many."""
    try:
        weights = from_bytes(bytes_in(sent, most_bytes(MAX_BYTES)))
    except OverflowError as error:
        raise WeightsError(
            "The file is too large for this page. Try it in a terminal, with python -m hw5core predict."
        ) from error
    except ValueError as error:
        raise WeightsError("The file has arrived incomplete. Try again.") from error
    values = count(weights.config.architecture).activations
    if values > MAX_VALUES:
        raise WeightsError(
            f"The layers of this network have {values:,} output values, and this page computes at most "
            f"{MAX_VALUES:,}. Try it in a terminal, with python -m hw5core predict."
        )
    return weights
