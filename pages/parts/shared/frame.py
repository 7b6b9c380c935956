"""What every page begins with: the router's mark, the heading, and the large numerals a lecture hall reads."""

from html import escape
from pathlib import Path

import streamlit as st

from pages.parts.shared.guide import Step, guide
from pages.parts.shared.lecture import lecture_mode, lecture_switch
from pages.parts.shared.link_button import link_button
from pages.parts.shared.old_links import rename_old_parameters

_ROUTED = "routed by app.py"

_STYLE = Path(__file__).with_suffix(".css")


def mark_as_routed() -> None:
    """Say that app.py runs: a page that finds no mark was run by Streamlit's old page discovery."""
    st.session_state[_ROUTED] = True


def begin_page(file: str, title: str, invitation: str, steps: tuple[Step, ...] = ()) -> None:
    """The heading of the page in `file` (its `__file__`), the sentence that says what to try, and the steps of a way
    around it for whoever wants one."""
    _reach_through_router(file)
    rename_old_parameters()
    st.html(_STYLE)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(title, anchor=False, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            lecture_switch()
            link_button()
            if steps and not lecture_mode():
                guide(Path(file).stem, steps)
    st.markdown(invitation)


def heading(text: str) -> None:
    """The heading of a part of the page. Not Streamlit's own: at every step of a slider that one derives an anchor from
    its text anew, even where it shows none."""
    st.html(f'<h3 class="hw5-heading">{escape(text)}</h3>')


def number_html(label: str, value: str, colour: str) -> str:
    """The one number that matters, large, with equal-width digits so that nothing jitters; a part of a larger
    element."""
    return (
        f'<div class="hw5-label">{escape(label)}</div>'
        f'<div class="hw5-number" style="color:{escape(colour)}">{escape(value)}</div>'
    )


def bar_html(label: str, fraction: float, colour: str) -> str:
    """A bar that shows how far what is named so has come, from 0 to 1; a part of a larger element."""
    percent = round(100 * fraction, 1)
    return (
        f'<div class="hw5-bar" role="progressbar" aria-label="{escape(label)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent}"><div style="width:{percent}%;background:{escape(colour)}"></div></div>'
    )


def _nothing() -> None:
    """A page that is never shown."""


def _reach_through_router(file: str) -> None:
    """A pages/ folder switches on Streamlit's old discovery: on a new server whose first visit is a deep link, the page
    runs without app.py. Naming itself to st.navigation and running again makes app.py the main script, query kept."""
    if _ROUTED not in st.session_state:
        itself = st.Page(Path(file), url_path=Path(file).stem)
        # Not as the only page: that would be the default one, whose address is "/", and this address "not found".
        st.navigation([st.Page(_nothing, url_path="nothing", default=True), itself], position="hidden")
        st.rerun()
