"""Hints in steps: the formula of a layer in symbols, then with its numbers, then the product."""

from collections.abc import Sequence

import streamlit as st

from hw5core.explain.formulas import arithmetic, product
from hw5core.homework.answers.check import CheckedSheet
from hw5core.homework.answers.matching import Asked
from hw5core.network.counting import Count, LayerCount
from pages.parts.shared.reveal import reveal, reveal_after_click

_LAYER = "hint layer"
_HAND_IN = "hand-in that chose the hint layer"
_FORMULAS = "hints"
"""The key of the container with the formulas."""

_SHOWN = "hints shown"
_USED = "hints used for the last hand-in"
_STEPS = ("In symbols", "With the numbers of this layer", "The product")


def hints(counted: Count, asked: Sequence[Asked], sheet: CheckedSheet | None, hand_in: int) -> None:
    """Draw the choice of a layer, the hints that were asked for, and the button for the next one.

    `sheet` is the result of hand-in number `hand_in`. Each hand-in chooses its first layer without a right answer.
    """
    rows = {one.name: one.row for one in asked if one.right}
    if st.session_state.get(_LAYER) not in rows:
        st.session_state.pop(_LAYER, None)
    if st.session_state.get(_HAND_IN, 0) != hand_in:
        st.session_state[_HAND_IN] = hand_in
        wrong = next((line.layer for line in sheet.lines if not line.correct), None) if sheet else None
        if wrong in rows:
            st.session_state[_LAYER] = wrong
    choice, button = st.columns([4, 3], vertical_alignment="bottom")
    name = choice.selectbox("A hint for", list(rows), key=_LAYER)
    row = rows[name]
    shown = _shown().get(_place(counted, row), 0)
    button.button(
        f"Hint {min(shown + 1, len(_STEPS))} of {len(_STEPS)}",
        icon=":material/lightbulb:",
        disabled=shown >= len(_STEPS),
        on_click=_show_next,
        args=(_place(counted, row),),
        width="stretch",
    )
    formulas = (row.layer.parameter_symbols(), arithmetic(row), product(row))
    with st.container(key=_FORMULAS):
        for step, formula in list(zip(_STEPS, formulas, strict=True))[:shown]:
            st.caption(f"{step}:")
            st.latex(formula)
    reveal(_FORMULAS)


def hints_used(counted: Count, hand_in: int) -> int:
    """Return how many hints for this network the visitor had seen at this hand-in, which is counted from 1."""
    last, used = st.session_state.get(_USED, (0, 0))
    if last != hand_in:
        network = str(counted.architecture)
        used = sum(shown for (shown_for, _), shown in _shown().items() if shown_for == network)
        st.session_state[_USED] = hand_in, used
    return int(used)


def _shown() -> dict[tuple[str, int], int]:
    """Return the number of hints that the visitor has seen, by network and layer."""
    shown: dict[tuple[str, int], int] = st.session_state.setdefault(_SHOWN, {})
    return shown


def _place(counted: Count, row: LayerCount) -> tuple[str, int]:
    return str(counted.architecture), row.number


def _show_next(place: tuple[str, int]) -> None:
    _shown()[place] = min(_shown().get(place, 0) + 1, len(_STEPS))
    reveal_after_click(_FORMULAS)
