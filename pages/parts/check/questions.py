"""What is asked: the layers with parameters, each with its numbers and its shapes, but without its count."""

import streamlit as st

from hw5core.markdown import markdown_table
from hw5core.network.base_layer import Shape
from hw5core.network.counting import Count


def questions(counted: Count) -> None:
    """Draw a table of the layers with parameters."""
    rows = [
        [row.name, f"`{row.layer}`", _sides(row.input_shape), _sides(row.output_shape)]
        for row in counted.rows
        if row.parameters
    ]
    st.markdown(markdown_table(["layer", "in the line", "input", "output"], rows))


def _sides(shape: Shape) -> str:
    return " × ".join(f"{side:,}" for side in shape)
