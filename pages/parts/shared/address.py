"""The network address of a visitor, for the limits that all guests at one address share."""

import os
from ipaddress import IPv6Address, ip_address, ip_network

import streamlit as st


def address() -> str:
    """Return the address of this session's visitor, or "" if it is not known."""
    return counted_address(st.context.ip_address, st.context.headers.get("X-Forwarded-For") is not None)


def counted_address(address: str | None, is_forwarded: bool) -> str:
    """Return the address under which a visitor is counted, or "" if it is not known.

    `address` is the one that the server knows. If a request from this machine has a header X-Forwarded-For, the server
    takes the address in it (`is_forwarded`). Any visitor can send the header, so it counts only if HW5_PROXY says that
    a proxy sets it. A visitor with IPv6 has a whole network of 2^64 addresses, which counts as one.
    """
    if is_forwarded and os.environ.get("HW5_PROXY", "") in ("", "0"):
        return ""
    try:
        known = ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is None:
            return "" if known.is_loopback else str(ip_network((known, 64), strict=False))
        known = known.ipv4_mapped
    return "" if known.is_loopback else str(known)
