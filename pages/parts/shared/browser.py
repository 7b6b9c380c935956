"""The identity of a visitor's browser. Every page asks for it first, so this module imports nothing slow."""

import hashlib
import uuid

import streamlit as st

from pages.parts.shared.streamlit_internals import COOKIE, cookie_secret


def browser() -> str:
    """Return the token of this browser: the same in all its tabs and after a reload.

    It is a hash of the secret that Streamlit keeps in a cookie. Without a cookie it lasts as long as the session.
    """
    secret = cookie_secret(st.context.cookies.get(COOKIE, ""))
    if secret:
        return hashlib.sha256(secret).hexdigest()[:32]
    token: str = st.session_state.setdefault("owner", uuid.uuid4().hex)
    return token
