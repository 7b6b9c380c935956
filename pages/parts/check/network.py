"""The choice of the network whose parameters a student has counted. The address of the page contains it."""

import streamlit as st

from hw5core.errors import ArchitectureError
from hw5core.network.counting import Count, count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS, Preset
from pages.parts.shared.preset_menu import preset_menu

NETWORK = "net"
"""The parameter of the address, which is also the key of the text field."""

_LAST = "network of the last check"


def chosen_network() -> Count:
    """Draw the menu of presets and the network in one line. Return its counts.

    Raises ArchitectureError if it cannot be read, a layer does not fit or no layer has parameters.
    """
    presets, line = st.columns([1, 2], vertical_alignment="bottom")
    preset_menu(presets, "check preset", _take_preset)
    if NETWORK not in st.query_params and _LAST in st.session_state:
        # The address of another page does not have the network.
        st.session_state.setdefault(NETWORK, st.session_state[_LAST])
    text = st.session_state[_LAST] = line.text_input(
        "The network in one line", PRESETS["homework"].text, key=NETWORK, bind="query-params", help=_HELP
    )
    counted = count(parse(text))
    if counted.misfit:
        raise ArchitectureError(str(counted.misfit))
    if not counted.parameters:
        raise ArchitectureError("it has no layer with parameters: add one, such as conv16k3")
    return counted


def _take_preset(preset: Preset) -> None:
    st.session_state[NETWORK] = preset.text


_HELP = "The Count page shows this line for each network. The address of this page contains it."
