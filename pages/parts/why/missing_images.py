"""What the sections that need images say while they are not on this server."""

import streamlit as st

from hw5core.data.datasets import DATASETS


def say_that_images_are_missing() -> None:
    """Draw the message."""
    st.info(
        "The images of this dataset are not on this server yet. A race downloads them; until then, choose "
        f"{DATASETS['digits'].title}."
    )
