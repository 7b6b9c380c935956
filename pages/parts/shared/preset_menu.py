"""The menu of networks to start from."""

from collections.abc import Callable

import streamlit as st

from hw5core.network.presets import PRESETS, Preset
from pages.parts.shared.streamlit_internals import DeltaGenerator


def preset_menu(place: DeltaGenerator, key: str, take: Callable[[Preset], None]) -> None:
    """Draw the menu at `place`. `take` gets the preset that a visitor chooses; then the menu is empty again."""

    def take_chosen() -> None:
        name = st.session_state[key]
        if name in PRESETS:
            take(PRESETS[name])
        st.session_state[key] = None

    place.selectbox(
        "Start from",
        list(PRESETS),
        index=None,
        placeholder="a preset",
        format_func=lambda name: PRESETS[name].title,
        key=key,
        on_change=take_chosen,
    )
