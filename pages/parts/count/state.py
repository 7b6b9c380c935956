"""What a visitor has open on the Count page: the network with its history, the selected layer, the pinned network.

It is part of the session, so it survives a visit to another page. The page's address contains the network, so its link
opens the same network.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from hw5core.errors import ArchitectureError
from hw5core.network.architecture import Architecture
from hw5core.network.editing import History
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS

ADDRESS = "net"
"""The parameter of the address that contains the network."""

LINE = "one-line form"
"""The key of the text field with the network's one-line form."""

_STATE = "parameter lab"
_START = PRESETS["homework"]


@dataclass
class State:
    """The state of one session.

    `address` is the network in the page's address. `selected` counts layers from 1. `settled` is False while a control
    is being moved. `error` is a sentence about the last edit that failed.
    """

    history: History
    address: str
    selected: int | None = None
    settled: bool = True
    error: str = ""
    pinned: Architecture | None = None

    @property
    def network(self) -> Architecture:
        return self.history.present


def open_state() -> State:
    """Return the session's state for a full run of the page. A new network in the address counts as an edit."""
    first_visit = _STATE not in st.session_state
    state = current()
    # After a visit to another page, the address contains no network; it is written again.
    in_address = st.query_params.get(ADDRESS, state.address)
    if in_address != state.address:
        state.address = in_address
        _apply(state, lambda: parse(in_address), "The network in this page's address cannot be read")
        if first_visit:
            state.history = History(state.network)  # undo does not go back behind the link
    elif state.address != _START.text:
        st.query_params[ADDRESS] = state.address
    if not state.error or LINE not in st.session_state:  # text that cannot be read stays, so that it can be corrected
        st.session_state[LINE] = str(state.network)
    return state


def current() -> State:
    """Return the session's state. It is created if necessary: an old browser tab may report edits to a new server."""
    state: State = st.session_state.setdefault(_STATE, State(History(_START.architecture), _START.text))
    return state


def move_control(change: Callable[[Architecture], Architecture]) -> None:
    """Apply an edit by a control that may still be moving. All its values together are one step of the history."""
    state = current()
    try:
        network = change(state.network)
    except ArchitectureError as error:
        state.error = f"This edit is not possible: {error}."
        return
    state.error = ""
    state.history = state.history.after(network) if state.settled else replace(state.history, present=network)
    state.settled = False


def settle() -> None:
    """Write the network into the address, because no control moves any more."""
    state = current()
    state.settled = True
    _write_address(state)


def edit(change: Callable[[Architecture], Architecture], failure: str = "This edit is not possible") -> None:
    """Apply a finished edit. If it fails, the network stays, and the error starts with the words of `failure`."""
    state = current()
    state.settled = True
    _apply(state, lambda: change(state.network), failure)
    _write_address(state)


def undo() -> None:
    """Go one step back."""
    state = current()
    state.history, state.error, state.settled = state.history.undone(), "", True
    _write_address(state)


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


def _apply(state: State, make: Callable[[], Architecture], failure: str) -> None:
    try:
        state.history = state.history.after(make())
        state.error = ""
    except ArchitectureError as error:
        state.error = f"{failure}: {error}. The network is unchanged."
    if state.selected and state.selected > len(state.network.layers):
        state.selected = None


def _write_address(state: State) -> None:
    state.address = st.query_params[ADDRESS] = str(state.network)
