"""The two ways to hand in answers: a text, or a form with a field per layer. Both stay as they are after an error."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from hw5core.homework.answers.lines import MAX_CHARACTERS, MAX_LINE
from hw5core.homework.answers.matching import Asked
from hw5core.network.presets import PRESETS
from pages.parts.check.network import NETWORK, choose_variant
from pages.parts.shared.reveal import reveal_after_click

RESULT = "check-result"
"""The key of the container with the result."""

_STATE = "checked answers"
_TEXT = "pasted answers"
_TOTAL = "Total"

EXAMPLE = """First Layer - 3 * 96 * (11*11) + 96 = 34,944 parameters
Second Layer - 96 * 256 * (5*5) + 256 = 614,656 parameters
Third Layer - 256 * 384 * (3*3) + 384 = 885,129 parameters
Fourth Layer - 384 * 384 * (3*3) + 384 = 1,327,488 parameters
Fifth Layer - 384 * 256 * (3*3) + 256 = 884,992 parameters
Total: 3,747,200"""
"""The answers of the hand-in that the homework comes from. One of them has a slip."""

_PLACEHOLDER = """conv1: 3 * 8 * (5*5) + 8 = 608
second layer 1,168
total 1,776"""


@dataclass
class _Answers:
    """What a visitor has handed in: the text to check, how often, and whether it is for the class and not taken there
    yet; the text in the field, and the fields of the form."""

    checked: str = ""
    times: int = 0
    is_for_class: bool = False
    text: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def times_handed_in() -> int:
    """Return how often this visitor has handed in answers."""
    return _kept().times


def take_for_class() -> bool:
    """Return True if this visitor has handed in own answers since the last call."""
    is_new, _kept().is_for_class = _kept().is_for_class, False
    return is_new


def answers(asked: Sequence[Asked]) -> str:
    """Draw the text field and the form. Return the text that was handed in last, empty before that.

    Without layers, the form has no fields.
    """
    kept = _kept()
    pasted, form = st.tabs(["Paste text", "Fill in a form"])
    with pasted, st.form("check text", border=False):
        # The browser's field is new after a visit to another page.
        st.session_state.setdefault(_TEXT, kept.text)
        st.text_area(
            "Your answers, one per line", key=_TEXT, height=230, max_chars=MAX_CHARACTERS, placeholder=_PLACEHOLDER
        )
        with st.container(horizontal=True):
            st.form_submit_button("Check", type="primary", icon=":material/check:", on_click=_hand_in_text)
            st.form_submit_button(
                "Try an example", on_click=_take_example, help="A hand-in with one slip. Who finds it?"
            )
    with form:
        if asked:
            _form([*(one.name for one in asked if one.right), _TOTAL])
        else:
            st.caption("Choose a network first.")
    st.caption(
        "The class sees which mistakes are made, and the wrong numbers, without a name. A new hand-in of this browser "
        "replaces the last one."
    )
    return kept.checked


def _kept() -> _Answers:
    kept: _Answers = st.session_state.setdefault(_STATE, _Answers())
    return kept


def _form(names: Sequence[str]) -> None:
    """Draw a field per layer, in two columns."""
    with st.form("check form", border=False):
        columns = st.columns(2)
        for at, name in enumerate(names):
            st.session_state.setdefault(_key(name), _kept().fields.get(name, ""))
            columns[2 * at // len(names)].text_input(name, key=_key(name), max_chars=MAX_LINE // 2)
        st.form_submit_button(
            "Check the form", type="primary", icon=":material/check:", on_click=_hand_in_form, args=(tuple(names),)
        )
    st.caption("A number, or arithmetic such as 3 * 8 * (5*5) + 8.")


def _key(name: str) -> str:
    return f"answer {name}"


def _hand_in_text() -> None:
    _kept().text = st.session_state[_TEXT]
    _hand_in(_kept().text)


def _take_example() -> None:
    """Hand in the example, for the network that it is about."""
    st.session_state[NETWORK] = PRESETS["homework"].text
    choose_variant("")
    st.session_state[_TEXT] = EXAMPLE
    _hand_in_text()
    _kept().is_for_class = False


def _hand_in_form(names: Sequence[str]) -> None:
    kept = _kept()
    kept.fields |= {name: st.session_state[_key(name)] for name in names}
    filled = {name: " ".join(kept.fields[name].split()) for name in names}
    _hand_in("\n".join(f"{name}: {text}" for name, text in filled.items() if text))


def _hand_in(text: str) -> None:
    _kept().checked = text
    _kept().times += 1
    _kept().is_for_class = True
    reveal_after_click(RESULT)
