"""The frame of every page: the way through the router, the heading, and the large numerals that a hall can read."""

from html import escape
from pathlib import Path

import streamlit as st

from pages.parts.shared.browser_habits import change_browser_habits
from pages.parts.shared.guide import Step, guide
from pages.parts.shared.lecture import lecture_mode, lecture_switch
from pages.parts.shared.link_button import link_button
from pages.parts.shared.old_links import rename_old_parameters
from pages.parts.shared.page_list import PAGES

_ROUTED = "routed by app.py"

_STYLES = tuple(Path(__file__).with_name(name) for name in ("frame.css", "touch.css", "print.css"))

ICON = "🧮"
"""The icon of the browser's tab. Google would serve a name such as ":material/...:", and a file would import numpy."""


def mark_as_routed() -> None:
    """Mark this session as routed. app.py calls it; a page without the mark was started by old page discovery."""
    st.session_state[_ROUTED] = True


def run_through_router(file: str) -> None:
    """Run the page again through app.py unless app.py started it. `file` is the page's `__file__`.

    A folder named pages/ switches on Streamlit's old page discovery. When the first visit to a new server is a deep
    link, Streamlit runs the page's script without app.py. Naming the page to `st.navigation` and running again makes
    app.py the main script; the query of the URL stays.
    """
    if _ROUTED not in st.session_state:
        page = st.Page(Path(file), url_path=Path(file).stem)
        # As the only page it would be the default page, which has the URL "/": this URL would be "not found".
        st.navigation([st.Page(_empty_page, url_path="empty", default=True), page], position="hidden")
        st.rerun()


def _empty_page() -> None:
    """Draw nothing. No visitor sees this page."""


def begin_page(file: str, title: str, invitation: str, steps: tuple[Step, ...] = ()) -> None:
    """Draw the top of a page: its heading, its switches, and the sentence that says what to try.

    `file` is the page's `__file__`. With `steps`, a button opens a guide that shows them one by one.
    """
    run_through_router(file)
    rename_old_parameters()
    for style in _STYLES:
        st.html(style)
    change_browser_habits()
    with st.container(key="pages", horizontal=True):
        for page in PAGES:
            st.page_link(page.script, label=page.title)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(title, anchor=False, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            lecture_switch()
            link_button()
            if steps and not lecture_mode():
                guide(Path(file).stem, steps)
    st.markdown(invitation)


def page_background() -> str:
    """Return the page's background colour in CSS, for what stays in view while the page scrolls below it."""
    light, dark = (st.get_option(f"theme.{scheme}.backgroundColor") for scheme in ("light", "dark"))
    return f"light-dark({light}, {dark})"


def heading(text: str) -> None:
    """Draw the heading of a part of the page.

    Streamlit's own heading is slower: it computes an anchor from its text at every step of a slider.
    """
    st.html(f'<h3 class="hw5-heading">{escape(text)}</h3>')


def number_html(label: str, value: str, colour: str) -> str:
    """Return HTML of a label and a large number below it. Equal-width digits keep a changing number in place."""
    return (
        f'<div class="hw5-label">{escape(label)}</div>'
        f'<div class="hw5-number" style="color:{escape(colour)}">{escape(value)}</div>'
    )


def bar_html(label: str, fraction: float, colour: str) -> str:
    """Return HTML of a progress bar. `fraction` goes from 0 to 1; screen readers read `label`."""
    percent = round(100 * fraction, 1)
    return (
        f'<div class="hw5-bar" role="progressbar" aria-label="{escape(label)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent}"><div style="width:{percent}%;background:{escape(colour)}"></div></div>'
    )
