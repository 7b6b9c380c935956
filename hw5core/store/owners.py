"""Owners of runs: the operator, the lecturer and guests."""

LECTURER = "lecturer"
"""The lecturer's token in every browser. A guest's token has 32 hexadecimal digits, so no guest has this one."""


def is_guest(owner: str | None) -> bool:
    """Return True unless this is the operator at a terminal (None) or the lecturer."""
    return owner not in (None, LECTURER)
