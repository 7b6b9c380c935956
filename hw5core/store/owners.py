"""Who asks for a run: the operator, the lecturer or a guest."""

LECTURER = "lecturer"
"""The lecturer's token, in whichever browser. A guest's is 32 hexadecimal digits, so nobody else ever has this one."""


def is_guest(owner: str | None) -> bool:
    """Whether this is neither the operator at a terminal nor the lecturer."""
    return owner not in (None, LECTURER)
