"""Who the lecturer is on a server that others reach too: whoever opened it once with the secret in HW5_LECTURER."""

import hmac
import os

import streamlit as st

PARAMETER = "lecturer"

MIN_SECRET = 12
"""A shorter secret can be guessed, and is taken for none."""


def is_lecturer(browser: str) -> bool:
    """Whether the browser with this token has shown the secret since the server was started."""
    return browser in _known()


def take_secret(browser: str) -> None:
    """Look for the secret in the address, take it out of there, so that it is neither shown to a class nor sent on
    with a link, and say what came of it."""
    if PARAMETER not in st.query_params:
        return
    given = st.query_params[PARAMETER]
    del st.query_params[PARAMETER]
    secret = os.environ.get("HW5_LECTURER", "")
    if len(secret) >= MIN_SECRET and hmac.compare_digest(given.encode(), secret.encode()):
        _known().add(browser)
        st.toast("This browser is the lecturer's now: its runs are kept, and guests' limits do not hold for it.")
    else:
        st.toast("This link does not hold this server's secret, so this browser stays a guest's.")


@st.cache_resource(show_spinner=False)
def _known() -> set[str]:
    """The tokens of the lecturer's browsers."""
    return set()
