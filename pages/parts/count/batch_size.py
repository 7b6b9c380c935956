"""The batch size for which the page shows memory. It is part of the page's URL."""

import re

import streamlit as st

_KEY = "images-per-batch"
_HIGHEST = 100_000


def batch_size() -> int:
    """Draw the control in one row, and return the number of images in a batch."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        st.caption("memory for a batch of", width="content")
        return st.number_input(
            "Batch size",
            1,
            _HIGHEST,
            1,
            key=_KEY,
            bind="query-params",
            label_visibility="collapsed",
            width=150,
        )


def problem_in_url() -> str:
    """Return what is wrong with the batch size in the page's URL; empty if nothing is.

    Streamlit ignores such a text and removes it.
    """
    text = st.query_params.get(_KEY, "").strip()
    if not text or (re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= _HIGHEST):
        return ""
    return f"The batch size in this page's URL must be a whole number from 1 to {_HIGHEST:,}, not {text[:40]!r}."
