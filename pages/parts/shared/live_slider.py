"""A slider that reports while it is dragged. Streamlit's own one reports when it is released."""

from collections.abc import Callable

import streamlit as st

from pages.parts.shared.component import inline_component

_component = inline_component(__file__, "live_slider", '<div class="slider"></div>')


def live_slider(key: str, title: str, labels: tuple[str, ...], place: int, on_move: Callable[[int], None]) -> None:
    """Draw a slider over these labels at this place, counted from 0. It calls `on_move` with a new place.

    The caller keeps the place, for example in the URL. The slider sends the next one when the page was drawn with the
    last one.
    """
    _component(
        key=key,
        data={"title": title, "labels": labels, "place": place},
        on_place_change=lambda: _report(st.session_state[key].get("place"), len(labels), on_move),
    )


def _report(place: object, places: int, on_move: Callable[[int], None]) -> None:
    """Report the place if there is such a one. A browser can send anything."""
    if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < places:
        on_move(place)
