"""Owners of runs: the operator, the lecturer and guests."""

LECTURER = "lecturer"
"""The lecturer's token in every browser. A guest's token has 32 hexadecimal digits, so no guest has this one."""

OPERATOR = "operator"
"""The token in the store of the operator at a terminal, who is None everywhere else."""


def is_guest(owner: str | None) -> bool:
    """Return True unless this is the operator at a terminal (None) or the lecturer."""
    return owner not in (None, LECTURER, OPERATOR)


def token_of(owner: str | None) -> str:
    """Return the token under which the store keeps this owner."""
    return OPERATOR if owner is None else owner
