"""The lecturer of a public server: every browser that has opened the server once with the secret in HW5_LECTURER."""

import hmac
import os

import streamlit as st

PARAMETER = "lecturer"

MIN_SECRET = 12
"""The minimum length of the secret. A shorter one could be guessed, so it is ignored."""


def is_lecturer(browser: str) -> bool:
    """Return True if the browser with this token has given the secret since the server started."""
    return browser in _lecturers()


def recognise_lecturer(browser: str) -> None:
    """Check the secret in the address, if there is one, and show the result.

    The secret is removed from the address, so that neither a projector nor a copied link reveals it.
    """
    if PARAMETER not in st.query_params:
        return
    given = st.query_params[PARAMETER]
    del st.query_params[PARAMETER]
    secret = os.environ.get("HW5_LECTURER", "")
    if len(secret) >= MIN_SECRET and hmac.compare_digest(given.encode(), secret.encode()):
        _lecturers().add(browser)
        st.toast("This browser is now the lecturer's: its runs are kept, and the limits for guests do not apply.")
    else:
        st.toast("The secret in this link is wrong. This browser remains a guest.")


@st.cache_resource(show_spinner=False)
def _lecturers() -> set[str]:
    return set()
