"""The lecturer of a public server: every browser that has given the secret in HW5_LECTURER since the server started.

The form on the Runs page is the way to give it. A link with the secret still works, but browsers and proxies write
URLs down: the browser's history, and the log of a proxy.
"""

import hashlib
import hmac
import logging
import os
import time

import streamlit as st

from pages.parts.shared.address import address
from pages.parts.shared.browser import browser
from pages.parts.shared.component import inline_component
from pages.parts.shared.lecture import aside
from pages.parts.shared.minute_limit import MinuteLimit

PARAMETER = "lecturer"

MIN_SECRET = 12
"""The minimum length of the secret. A shorter one could be guessed, so it is ignored."""

GUESSES_PER_ADDRESS = 10
"""How often the secret may be tried within a minute. A lecturer who mistypes it has as many tries, also if the whole
class shares the address."""

GUESSES_IN_TOTAL = 60
"""At this rate, even a secret of 12 digits takes thousands of years."""

REPEATED_SECONDS = 2.0
"""How long the runs of a page repeat the answer. The browser shows it once, for 4 seconds.

Before its first message, the browser loads a script. A run that ends before that would remove the message unseen.
"""

_ANSWER = "answer to the lecturer"

_ACCEPTED = "This browser is now the lecturer's: its runs are kept, and the limits for guests do not apply."
_WRONG = "The secret is wrong. This browser remains a guest."
_TOO_MANY = "Too many secrets were tried from this network or on this server. Wait a minute, then try again."

_log = logging.getLogger(__name__)
_forget = inline_component(__file__, "lecturer", "<span></span>")


def has_lecturer() -> bool:
    """Return True if this server has a secret, so that somebody can be its lecturer."""
    return len(_secret()) >= MIN_SECRET


def is_lecturer(token: str) -> bool:
    """Return True if the browser with this token has given the secret since the server started."""
    return token in _lecturers()


def recognise_lecturer() -> None:
    """Check the secret in the URL, if there is one, and draw nothing else while it is there.

    lecturer.js removes the secret from the URL without a new entry in the browser's history, and asks for the page
    again. That run deletes it on the server too, and shows the answer.
    """
    if st.query_params.get(PARAMETER):
        if not _forget(key="forget the secret", data=PARAMETER, on_forgotten_change=lambda: None).forgotten:
            st.session_state[_ANSWER] = _answer(st.query_params[PARAMETER]), None
            st.stop()
        del st.query_params[PARAMETER]
    _show_answer()


def _show_answer() -> None:
    answer, until = st.session_state.pop(_ANSWER, ("", None))
    if answer and (until is None or time.monotonic() < until):
        st.toast(answer)
        st.session_state[_ANSWER] = answer, until or time.monotonic() + REPEATED_SECONDS


def lecturer_entry() -> None:
    """Draw the form for the secret, behind a button. Only a server with a secret has it."""
    if not has_lecturer():
        return
    with aside("lecturer"):
        if is_lecturer(browser()):
            st.caption("This browser is the lecturer's.")
            if st.button("Be a guest again", icon=":material/logout:", type="tertiary"):
                _lecturers().discard(browser())
                st.rerun()
        else:
            with st.popover("I am the lecturer", icon=":material/school:", type="tertiary"):
                _form()


def _form() -> None:
    with st.form("lecturer", border=False):
        given = st.text_input("Secret", type="password", max_chars=200, help="The value of HW5_LECTURER on the server.")
        if st.form_submit_button("Enter", type="primary"):
            answer = _answer(given)
            if not is_lecturer(browser()):
                st.error(answer)
                return
            st.session_state[_ANSWER] = answer, None
            st.rerun()


def _answer(given: str) -> str:
    """Check what a browser gives as the secret, and return a sentence with the result."""
    where = address() or "an unknown address"
    if not _limit().take(where):
        return _TOO_MANY
    if has_lecturer() and hmac.compare_digest(_digest(given), _digest(_secret())):
        _log.warning("a browser at %s has given the lecturer's secret", where)
        _lecturers().add(browser())
        return _ACCEPTED
    _log.warning("a browser at %s has given a wrong secret for the lecturer", where)
    return _WRONG


def _digest(text: str) -> bytes:
    # Digests have one length, so the time of their comparison does not depend on that of the secret.
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _secret() -> str:
    return os.environ.get("HW5_LECTURER", "")


@st.cache_resource(show_spinner=False)
def _lecturers() -> set[str]:
    return set()


@st.cache_resource(show_spinner=False)
def _limit() -> MinuteLimit:
    return MinuteLimit(GUESSES_PER_ADDRESS, GUESSES_IN_TOTAL)
