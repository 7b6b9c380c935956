"""The question whether an input is written with its channels last, as in Keras."""

import streamlit as st

from hw5core.network.architecture import Architecture
from hw5core.network.editing import channels_first
from pages.parts.count import state


def channels_last(network: Architecture) -> None:
    """Draw the network's probable line and a button that uses it, if its input looks as if the channels were last."""
    probable = channels_first(network)
    if probable is None:
        return
    channels, _, width = network.input_shape
    written, corrected = ("x".join(map(str, one.input_shape)) for one in (network, probable))
    with st.container(key="channels-last"):
        st.warning(
            f"{written} is an input with {channels} channels that is {width} pixel{'s' * (width != 1)} wide: here, as "
            f"in PyTorch, the channels come first. Keras writes them last. Do you mean this?\n\n`{probable}`"
        )
        st.button(f"Use {corrected}", icon=":material/swap_horiz:", on_click=state.edit, args=(_corrected,))


def _corrected(network: Architecture) -> Architecture:
    # A second click can arrive when the network is corrected already.
    return channels_first(network) or network
