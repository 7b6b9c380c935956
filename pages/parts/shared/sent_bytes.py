"""Files in the messages of a browser, as base64 text. Streamlit's own uploads would need as much memory."""

import base64
import binascii
from typing import Any

import streamlit as st


def most_bytes(wanted: int) -> int:
    """Return how large a file may be: at most `wanted` bytes, and no more than a message to this server has space for.

    Base64 needs four bytes for three, and the values of other widgets are in the message too.
    """
    message: int = st.get_option("server.maxWidgetStateSize") * 1_000_000
    return min(wanted, message * 7 // 10)


def bytes_in(sent: Any, most: int) -> bytes:
    """Return the bytes of a file. A browser can send anything.

    Raise OverflowError if there are more than `most`, and ValueError if they are not complete.
    """
    if not isinstance(sent, str):
        raise ValueError("no text")
    if len(sent) > 4 * (most // 3 + 1):
        raise OverflowError("too long")
    try:
        return base64.b64decode(sent, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
