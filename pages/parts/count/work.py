"""What one visitor has before them: the network with its history, the marked layer, the pinned network to compare with.

It lives in the session's state and outlives a visit to another page; the address always holds the network, so that its
link opens the same.
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
LINE = "one-line form"
_WORK = "parameter lab"
_START = PRESETS["homework"]


@dataclass
class Work:
    """`selected` counts layers from 1; `resting` is false while a control is being moved; `refusal` is a sentence about
    the last thing that could not be read or done."""

    history: History
    address: str
    selected: int | None = None
    resting: bool = True
    refusal: str = ""
    pinned: Architecture | None = None

    @property
    def network(self) -> Architecture:
        return self.history.present


def begin_work() -> Work:
    """The visitor's work, begun from the address; a new network in the address is taken over as one more step."""
    begun = _WORK in st.session_state
    work = current_work()
    # Back from another page, the address has no network: the one at hand is written into it again.
    in_address = st.query_params.get(ADDRESS, work.address)
    if in_address != work.address:
        work.address = in_address
        _attempt(work, lambda: parse(in_address), "The network in this page's address cannot be read")
        if not begun:
            work.history = History(work.network)  # a link's first network is the beginning: nothing lies before it
    elif work.address != _START.text:
        st.query_params[ADDRESS] = work.address
    if not work.refusal or LINE not in st.session_state:  # what could not be read stays there to be mended
        st.session_state[LINE] = str(work.network)
    return work


def current_work() -> Work:
    """The visitor's work. A window that outlives its server reports edits before its page has begun anew."""
    work: Work = st.session_state.setdefault(_WORK, Work(History(_START.architecture), _START.text))
    return work


def move_control(change: Callable[[Architecture], Architecture]) -> None:
    """An edit by a control that may go on moving: all of its values together are one step of the history."""
    work = current_work()
    try:
        network = change(work.network)
    except ArchitectureError as error:
        work.refusal = f"Not done: {error}."
        return
    work.refusal = ""
    work.history = work.history.after(network) if work.resting else replace(work.history, present=network)
    work.resting = False


def settle() -> None:
    """The control has come to rest: its last value goes into the address."""
    work = current_work()
    work.resting = True
    _write_address(work)


def change_to(change: Callable[[Architecture], Architecture], refused: str = "Not done") -> None:
    """One finished edit; where it cannot be done the network stays and a sentence says why."""
    work = current_work()
    work.resting = True
    _attempt(work, lambda: change(work.network), refused)
    _write_address(work)


def undo() -> None:
    """One step back."""
    work = current_work()
    work.history, work.refusal, work.resting = work.history.undone(), "", True
    _write_address(work)


def mark(number: int | None) -> None:
    """Mark a layer everywhere (counted from 1), or none. What is no layer's number, such as the input's, marks none."""
    work = current_work()
    work.selected = number if number and 1 <= number <= len(work.network.layers) else None


def toggle_mark(number: int) -> None:
    """Mark the layer, or none if it was marked already."""
    mark(None if current_work().selected == number else number)


def pin(network: Architecture | None) -> None:
    """Keep a network to compare with, or let it go."""
    work = current_work()
    work.pinned = network


def _attempt(work: Work, make: Callable[[], Architecture], refused: str) -> None:
    try:
        work.history = work.history.after(make())
        work.refusal = ""
    except ArchitectureError as error:
        work.refusal = f"{refused}: {error}. The network before it stays."
    if work.selected and work.selected > len(work.network.layers):
        work.selected = None


def _write_address(work: Work) -> None:
    work.address = st.query_params[ADDRESS] = str(work.network)
