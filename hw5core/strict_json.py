"""Strict JSON: numbers that are not finite become null, because JSON has no name for them."""

import json
import math
from typing import Any


def to_json(value: Any) -> str:
    """Return nested dictionaries, lists, tuples and numbers as JSON that every parser reads."""
    return json.dumps(with_nulls(value), allow_nan=False)


def with_nulls(value: Any) -> Any:
    """Return the value with None for every number that is not finite, in nested dictionaries, lists and tuples too."""
    if isinstance(value, dict):
        return {name: with_nulls(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [with_nulls(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
