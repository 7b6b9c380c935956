"""What is asked: the layers with parameters, each with its numbers and its shapes, but without its count."""

from collections.abc import Sequence

import streamlit as st

from hw5core.homework.answers.matching import Asked
from hw5core.markdown import markdown_table
from hw5core.network.base_layer import Shape
from pages.parts.shared.plain_words import plain


def questions(asked: Sequence[Asked]) -> None:
    """Draw a table of the layers with parameters of their own."""
    rows = [
        [_names(one), f"`{one.row.layer}`", _sides(one.row.input_shape), _sides(one.row.output_shape)]
        for one in asked
        if one.right
    ]
    st.markdown(markdown_table(["layer", "in the line", "input", "output"], rows))


def _names(one: Asked) -> str:
    return f"{one.name}, {plain(one.in_code[:60])}" if one.in_code else one.name


def _sides(shape: Shape) -> str:
    return " × ".join(f"{side:,}" for side in shape)
