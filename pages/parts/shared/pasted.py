"""The dialog that reads pasted code: its network, what is wrong in which line, and the edits that correct it.

The code is never run. The text stays in the session until the visitor replaces it, on all pages that have the dialog.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from hw5core.errors import LabError
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.pasted.reading import InputShape, Problem, Reading, apply_fix, read_input, shape_in_words
from hw5core.pasted.summary_table import SummaryTable, compare, is_summary_table, read_table
from pages.parts.shared.marked_code import compared_table, layer_table, marked_code, style
from pages.parts.shared.plain_words import plain

_STATE = "pasted code"
_TEXT, _INPUT = "pasted text", "input of pasted code"
_EXAMPLE = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        …"""


@dataclass
class _Pasted:
    """What a visitor has pasted: the text, the input, and what was read: a program or a table, or why nothing was.

    `open_on` is the page on which the dialog is open, "" if it is closed.
    """

    open_on: str = ""
    text: str = ""
    input: str = ""
    reading: Reading | None = None
    table: SummaryTable | None = None
    error: str = ""


def paste_button(page: str, what: str, network: Architecture | None, use: Callable[[Reading], None]) -> None:
    """Draw the button that opens the dialog, and the dialog while it is open.

    `page` names the page, and `what` says what the page does with the code. A table is compared with `network`. `use`
    makes the network of the code the one of the page. It runs before the page is drawn.
    """
    st.button("Paste code", icon=":material/code:", on_click=_open, args=(page,), help=what)
    if is_open(page):
        _dialog(network, use)


def is_open(page: str) -> bool:
    """Return True while the dialog is open on this page. A page can have only one dialog."""
    return _pasted().open_on == page


def _pasted() -> _Pasted:
    pasted: _Pasted = st.session_state.setdefault(_STATE, _Pasted())
    return pasted


def _open(page: str) -> None:
    _pasted().open_on = page


def _close() -> None:
    _pasted().open_on = ""


@st.dialog("The network of your code", width="large", icon=":material/code:", on_dismiss=_close)
def _dialog(network: Architecture | None, use: Callable[[Reading], None]) -> None:
    pasted = _pasted()
    # The browser's fields are new in each opened dialog.
    st.session_state.setdefault(_TEXT, pasted.text)
    st.session_state.setdefault(_INPUT, pasted.input)
    st.html(style(st.context.theme.type))
    source, result = st.columns(2, gap="medium")
    with source, st.form("code", border=False):
        st.text_area("PyTorch or Keras code, or a table", key=_TEXT, height=300, placeholder=_EXAMPLE)
        size, send = st.columns([3, 2], vertical_alignment="bottom")
        size.text_input(
            "Input", key=_INPUT, placeholder="one that fits", help="channels x height x width, such as 1x28x28"
        )
        send.form_submit_button("Read", type="primary", on_click=_read, width="stretch")
        st.caption("The code is read, never run.")
    with result:
        if pasted.error:
            st.error(plain(pasted.error))
        elif pasted.reading:
            _show(pasted.reading, use)
        elif pasted.table:
            _compare(pasted.table, network)
        else:
            st.caption(
                "Paste a class with layers and a forward, or a Sequential. You see the parameters of each layer, "
                "and which number is wrong if the shapes do not fit."
            )
            st.caption(
                "Or paste the table of torchsummary, torchinfo or Keras. It is compared with the network of this page, "
                "row by row."
            )


def _read() -> None:
    """Read the text in the form."""
    pasted = _pasted()
    pasted.text, pasted.input = st.session_state[_TEXT], st.session_state[_INPUT]
    _read_again()


def _read_again() -> None:
    # The page can be drawn without the reader, whose import takes time.
    from hw5core.pasted.read import read

    pasted = _pasted()
    pasted.reading, pasted.table, pasted.error = None, None, ""
    try:
        if is_summary_table(pasted.text):
            pasted.table = read_table(pasted.text)
            return
        pasted.reading = read(pasted.text, read_input(pasted.input) if pasted.input.strip() else None)
    except LabError as error:
        words = str(error)
        pasted.error = words[:1].upper() + words[1:] + "."


def _show(reading: Reading, use: Callable[[Reading], None]) -> None:
    before = f"before line {reading.problems[0].line}" if reading.problems else "trainable parameters"
    st.html(
        f'<div class="hw5-read"><span class="hw5-read-total">{reading.parameters:,}</span> '
        f"<span>{'parameters ' if reading.problems else ''}{before}</span></div>"
    )
    st.caption(plain(f"{reading.library}, input {shape_in_words(reading.input_shape)}: {reading.input_origin}"))
    for number, problem in enumerate(reading.problems):
        _show_problem(number, problem)
    if reading.problems:
        st.html(marked_code(reading))
    _use_button(reading, use)
    st.html(layer_table(reading))
    for note in reading.notes:
        st.caption(plain(note))
    if reading.ignored:
        st.caption(f"Ignored, because they say nothing about the network: lines {_ranges(reading.ignored)}.")


def _compare(table: SummaryTable, network: Architecture | None) -> None:
    """Draw the rows of a table next to the layers of the page's network."""
    if network is None:
        st.error("The network of this page cannot be read, so there is nothing to compare the table with.")
        return
    counted = count(network)
    rows = compare(table, counted)
    differing = [row for row in rows if row.difference]
    if differing:
        first = differing[0]
        st.warning(plain(f"{len(differing)} of {len(rows)} rows differ, first {first.name}: {first.difference}."))
    else:
        st.success("Every row agrees with the network of this page.")
    theirs = sum(row.parameters for row in table.rows) if table.total is None else table.total
    st.caption(f"{table.tool}: {theirs:,} parameters. The network of this page: {counted.parameters:,}.")
    st.html(compared_table(rows))


def _use_button(reading: Reading, use: Callable[[Reading], None]) -> None:
    """Draw the button that makes the layers before the first problem the network of the page, and closes the dialog."""
    problems = reading.problems
    label = f"Use only the layers before line {problems[0].line}" if problems else "Use this network"
    kind: Literal["primary", "secondary"] = "secondary" if problems else "primary"
    is_empty = not reading.layers
    if st.button(label, type=kind, disabled=is_empty, icon=":material/check:", on_click=use, args=(reading,)):
        _close()
        st.rerun()


def _show_problem(number: int, problem: Problem) -> None:
    st.error(f"**Line {problem.line}:** {plain(problem.text)}")
    with st.container(horizontal=True, gap="small"):
        if problem.fix:
            label = f"Use this fix: {problem.fix.label[:1].lower()}{problem.fix.label[1:]}"
            st.button(plain(label), key=f"fix {number}", type="primary", on_click=_fix, args=(problem,))
        if problem.fitting_input:
            shape = shape_in_words(problem.fitting_input)
            st.button(f"Use {shape}", key=f"input {number}", on_click=_use_input, args=(problem.fitting_input,))


def _fix(problem: Problem) -> None:
    pasted = _pasted()
    if pasted.reading and problem.fix:
        pasted.text = st.session_state[_TEXT] = apply_fix(pasted.reading.text, problem.fix)
        _read_again()


def _use_input(shape: InputShape) -> None:
    pasted = _pasted()
    pasted.input = st.session_state[_INPUT] = shape_in_words(shape)
    _read_again()


def _ranges(lines: tuple[int, ...]) -> str:
    """Return line numbers as in "3, 7–9"."""
    ranges: list[list[int]] = []
    for line in lines:
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    return ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in ranges)
