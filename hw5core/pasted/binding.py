"""Matches the arguments of a call to the parameters of the class or function that is called."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TypeVar

from hw5core.errors import PastedTextError
from hw5core.network.base_layer import REQUIRED, Parameters

_ANYWHERE = frozenset({"device", "dtype", "name"})
"""The parameters that layers have in common and that say nothing about their shape."""

_Value = TypeVar("_Value")


def bind(
    called: str, parameters: Parameters, positional: Sequence[_Value], named: Mapping[str, _Value]
) -> dict[str, _Value]:
    """Return the argument of each parameter that is given. Raises PastedTextError if Python would refuse the call."""
    names = list(parameters)
    if len(positional) > len(names):
        raise PastedTextError(f"{called} takes at most {len(names)} arguments, not {len(positional)}")
    given = dict(zip(names, positional, strict=False))
    for name, value in named.items():
        if name in given:
            raise PastedTextError(f"{called} gets {name} twice")
        if name in parameters:
            given[name] = value
        elif name not in _ANYWHERE:
            near = get_close_matches(name, names, 1)
            advice = f": write {near[0]}" if near else f"; it knows {', '.join(names)}" if names else ""
            raise PastedTextError(f"{called} has no argument {name[:30]}{advice}")
    missing = [name for name, default in parameters.items() if default is REQUIRED and name not in given]
    if missing:
        raise PastedTextError(f"{called} needs {' and '.join(missing)}")
    return given


def with_defaults(parameters: Parameters, given: Mapping[str, object]) -> dict[str, object]:
    """Return a value for each parameter: the given one, or its default."""
    return {name: given.get(name, default) for name, default in parameters.items()}
