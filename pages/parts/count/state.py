"""What a visitor has open on the Count page: the network with its history, the selected layer, the pinned network.

It is part of the session, so it survives a visit to another page. The page's URL contains the network, so its link
opens the same network.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import streamlit as st

from hw5core.errors import ArchitectureError
from hw5core.network.architecture import Architecture
from hw5core.network.editing import History
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS

PARAMETER = "net"
"""The parameter of the URL that contains the network."""

_STATE = "counted network"
_START = PRESETS["homework"]


@dataclass(frozen=True)
class Refusal:
    """An edit in the layer editor that was refused: the layer's place (from 0; the input has -1), its field, the value,
    and why.

    An action that was refused, such as a layer too many, has no place.
    """

    message: str
    place: int | None = None
    field: str = ""
    value: object = None


@dataclass
class State:
    """The state of one session.

    `url` is the network as the page's URL has it. `replaced` are its earlier values during this visit to the page.
    `selected` counts layers from 1. `settled` is False while a control is being moved. `error` is a sentence about a
    line or a URL that cannot be read. `refusal` is the last edit in the layer editor, if it was refused. `acted`
    is the number of the layer editor's last action, and `line` that of the text field with the one-line form. `images`
    is the batch size for which memory is shown.
    """

    history: History
    url: str
    replaced: set[str] = field(default_factory=set)
    selected: int | None = None
    settled: bool = True
    error: str = ""
    refusal: Refusal | None = None
    acted: int = 0
    line: int = 0
    pinned: Architecture | None = None
    images: int = 1

    @property
    def network(self) -> Architecture:
        return self.history.present

    @property
    def line_key(self) -> str:
        """The key of the text field with the network's one-line form."""
        return f"one-line form {self.line}"


def open_state() -> State:
    """Return the session's state for a full run of the page. A new network in the URL counts as an edit."""
    first_visit = _STATE not in st.session_state
    state = current()
    if state.line_key not in st.session_state:  # another page was open, so the text field was removed
        state.replaced.clear()
    in_url = st.query_params.get(PARAMETER)
    # The URL of a new visit contains no network. And a run can start before the browser has the newest URL.
    if in_url is None or in_url in state.replaced:
        if state.url != _START.text:
            st.query_params[PARAMETER] = state.url
    elif in_url != state.url:
        state.url = in_url
        _read(state, lambda: parse(in_url), "The network in this page's URL cannot be read")
        if first_visit:
            state.history = History(state.network)  # undo does not go back behind the link
    shown = st.session_state.get(state.line_key)
    # Text that cannot be read stays, so that it can be corrected.
    if shown is None or (shown != str(state.network) and not state.error):
        # A new field, because the browser may report the text of the old one again, which would be an edit.
        state.line += 1
        st.session_state[state.line_key] = str(state.network)
    return state


def current() -> State:
    """Return the session's state. It is created if necessary: an old browser tab may report edits to a new server."""
    state: State = st.session_state.setdefault(_STATE, State(History(_START.architecture), _START.text))
    return state


def move_control(change: Callable[[Architecture], Architecture], place: int, name: str, value: object) -> None:
    """Apply an edit by a control of the layer editor that may still be moving.

    `name` is the field of the layer at `place`. All values until the control rests are one step of the history. A value
    that is refused changes nothing.
    """
    state = current()
    try:
        network = change(state.network)
    except ArchitectureError as error:
        state.refusal = Refusal(str(error), place, name, value)
        return
    state.refusal, state.error = None, ""
    if network != state.network:
        state.history = state.history.after(network) if state.settled else replace(state.history, present=network)
        state.settled = False


def settle() -> None:
    """Write the network into the URL, because no control moves any more."""
    state = current()
    state.settled = True
    _write_address(state)


def edit(change: Callable[[Architecture], Architecture]) -> None:
    """Apply a finished edit by a button of the layer editor. If it is refused, the network stays."""
    state = current()
    try:
        _take(state, state.history.after(change(state.network)))
    except ArchitectureError as error:
        state.refusal = Refusal(str(error))


def read(make: Callable[[], Architecture], failure: str) -> None:
    """Take the network that `make` returns. If it cannot be read, the error starts with the words of `failure`."""
    state = current()
    _read(state, make, failure)
    if not state.error:
        _write_address(state)


def read_line() -> None:
    """Take the network in the text field."""
    state = current()
    read(lambda: parse(st.session_state[state.line_key]), "This line cannot be read")
    if not state.error:
        st.session_state[state.line_key] = str(state.network)


def undo() -> None:
    """Go one step back."""
    _take(current(), current().history.undone())


def redo() -> None:
    """Repeat the edit that was undone last."""
    _take(current(), current().history.redone())


def select(number: int | None) -> None:
    """Select a layer (counted from 1) everywhere. Any other number selects none."""
    state = current()
    state.selected = number if number and 1 <= number <= len(state.network.layers) else None


def toggle_selection(number: int) -> None:
    """Select the layer, or none if it is selected already."""
    select(None if current().selected == number else number)


def pin(network: Architecture | None) -> None:
    """Pin a network for comparison, or unpin it."""
    current().pinned = network


def _read(state: State, make: Callable[[], Architecture], failure: str) -> None:
    try:
        _open(state, state.history.after(make()))
    except ArchitectureError as error:
        state.error = f"{failure}: {error}. The network is unchanged."


def _take(state: State, history: History) -> None:
    _open(state, history)
    _write_address(state)


def _open(state: State, history: History) -> None:
    """Show the present network of the history. No control of it is in use."""
    state.history, state.settled, state.error, state.refusal = history, True, "", None
    if state.selected and state.selected > len(state.network.layers):
        state.selected = None


def _write_address(state: State) -> None:
    state.replaced.add(state.url)
    state.url = st.query_params[PARAMETER] = str(state.network)
    state.replaced.discard(state.url)
