"""Groups of channels: how a menu offers their numbers, and how a message names them."""

from collections.abc import Sequence

_MAX_OFFERED = 40


def group_choices(fitting: Sequence[int], present: int) -> dict[int, str]:
    """Return the entries of a menu: the smallest fitting numbers of groups, and the present one."""
    return {groups: f"{groups:,}" for groups in sorted({*fitting[:_MAX_OFFERED], present})}


def or_list(numbers: Sequence[int]) -> str:
    """Return the smallest few numbers as words: "1, 2 or 4"."""
    *first, last = map(str, numbers[:6])
    return f"{', '.join(first)} or {last}" if first else last
