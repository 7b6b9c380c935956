"""Download buttons for the receipts of finished runs."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from hw5core.errors import StoreError
from hw5core.runs.history import RunHistory
from hw5core.runs.receipts import GUARANTEE, receipt
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.strict_json import to_json
from pages.parts.shared.server import run_store


def receipts(runs: Sequence[RunHistory]) -> None:
    """Draw one download button per finished run. `python -m hw5core verify` checks such a file."""
    finished = [run for run in runs if run.status is Status.FINISHED]
    with st.container(horizontal=True):
        for run in finished:
            st.download_button(
                f"Receipt of {run.label}",
                partial(_receipt_text, run),
                file_name=f"{run.config.activation}-{run.run_id}.json",
                mime="application/json",
                on_click="ignore",
                help="The settings, results and hashes of this run. `python -m hw5core verify FILE` trains it "
                "again and compares.",
            )
    if finished:
        st.caption(GUARANTEE)


def _receipt_text(run: RunHistory) -> str:
    """Return the receipt as JSON, with the loss of every image. The histories that pages show leave those out."""
    try:
        complete = Follower(run_store(), run.run_id).read()
    except StoreError as error:
        return to_json({"error": str(error)})  # the browser has asked for a file, so the file says it
    return to_json(receipt(complete or run))
