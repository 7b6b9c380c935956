"""Download buttons for the weights of the networks."""

from functools import partial

import streamlit as st

from hw5core.errors import LabError
from hw5core.runs.config import RunConfig
from hw5core.runs.weights import file_name
from hw5core.strict_json import to_json
from pages.parts.inside.checkpoints import ended_epoch, weights_file


def weights_downloads(configs: tuple[RunConfig, ...], step: int) -> None:
    """Draw one download button per network, for its weights after this many batches, if they end an epoch."""
    epoch = ended_epoch(configs[0], step)
    if epoch is None:
        return
    with st.container(horizontal=True):
        for config in configs:
            st.download_button(
                f"Weights of {config.label}",
                partial(_content, config, epoch),
                file_name=file_name(config, epoch),
                mime="application/octet-stream",
                on_click="ignore",
                key=f"weights of {config.run_id}",
                help="A safetensors file with the weights after this epoch. `python -m hw5core predict FILE PICTURE` "
                "tries them on pictures.",
            )


def _content(config: RunConfig, epoch: int) -> bytes:
    try:
        return weights_file(config, epoch)
    except LabError as error:
        return to_json({"error": str(error)}).encode()  # the browser has asked for a file, so the file says it
