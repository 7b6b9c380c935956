"""Whose browser this is, asked before anything of a page is drawn: nothing is imported here that takes its time."""

import hashlib
import uuid

import streamlit as st


def browser() -> str:
    """This browser's token.

    Streamlit gives every browser a random secret in a cookie, and masks it anew at each visit; the token is its hash.
    Without a cookie it is this session's own.
    """
    secret = _unmasked(st.context.cookies.get("_streamlit_xsrf", ""))
    if secret:
        return hashlib.sha256(secret).hexdigest()[:32]
    token: str = st.session_state.setdefault("owner", uuid.uuid4().hex)
    return token


def _unmasked(cookie: str) -> bytes:
    """The secret of a cookie "2|mask|masked secret|time", all in hexadecimal digits; nothing if it is not one."""
    try:
        version, mask, masked, _ = cookie.split("|")
        key = bytes.fromhex(mask)
        return bytes(byte ^ key[place % len(key)] for place, byte in enumerate(bytes.fromhex(masked))) * (
            version == "2"
        )
    except (ValueError, ZeroDivisionError):
        return b""
