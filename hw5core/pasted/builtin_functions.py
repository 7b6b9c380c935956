"""The few functions of Python itself that programs use to describe a network, with bounded cost."""

import math
from collections.abc import Callable
from typing import Any

from hw5core.pasted.arithmetic import MAX_ITEMS, RefusedError, bounded, is_number, is_whole
from hw5core.pasted.expressions import Expressions, shape_of
from hw5core.pasted.values import Batch, Call, Sample, Tensor, Unknown, Value

_MATH: dict[str, Callable[[Any], Any]] = {"floor": math.floor, "ceil": math.ceil, "sqrt": math.sqrt}

BUILTINS = frozenset(
    {"range", "len", "int", "float", "list", "tuple", "dict", "zip", "enumerate", "reversed", "max", "min", "sum"}
    | {"abs", "round", "print", "isinstance", "OrderedDict", "prod", *_MATH}
)

_MODULES = ("builtins", "math", "numpy", "collections", "np")


def builtin_name(name: str) -> str | None:
    """Return the name of a function here if a full name such as math.prod stands for it, or None."""
    module, _, function = name.rpartition(".")
    return function if module in _MODULES and function in BUILTINS else None


def call_builtin(program: Expressions, name: str, call: Call) -> Value:
    """Return what a call of a function of Python returns. Raises RefusedError."""
    values = [one.value for one in call.positional]
    unknown = next((value for value in values if isinstance(value, Unknown)), None)
    if name == "print":
        return None
    if unknown:
        return unknown
    match name, values:
        case "range", [*ends] if 1 <= len(ends) <= 3 and all(map(is_whole, ends)) and (len(ends) < 3 or ends[2]):
            numbers = range(*ends)
            if len(numbers) > MAX_ITEMS:
                raise RefusedError(f"a loop has at most {MAX_ITEMS:,} rounds here")
            return list(numbers)
        case "len", [Tensor() | Sample() as tensor]:
            return shape_of(tensor)[0]
        case "int", [number] if is_number(number):
            return int(number)
        case "float", [number] if is_number(number):
            return float(number)
        case (("list" | "tuple" | "dict" | "OrderedDict"), []):
            return {"list": [], "tuple": ()}.get(name, {})
        case (("dict" | "OrderedDict"), [dict() as items]):
            return dict(items)
        case "abs", [number] if is_number(number):
            return abs(number)
        case "round", [number] if is_number(number):
            return round(number)
        case (("floor" | "ceil" | "sqrt"), [number]) if is_number(number) and number >= 0:
            return _MATH[name](number)
    lists = [program.iterate(value) for value in values]
    if not lists or any(items is None for items in lists):
        if name in ("max", "min") and values and all(map(is_number, values)):
            return max(values) if name == "max" else min(values)
        raise RefusedError("this is not known without running the program")
    return _of_lists(name, [items for items in lists if items is not None])


def _of_lists(name: str, lists: list[list[Any]]) -> Value:
    items = lists[0]
    match name:
        case "len":
            return len(items)
        case "list":
            return items
        case "tuple":
            return tuple(items)
        case "reversed":
            return items[::-1]
        case "enumerate":
            return list(enumerate(items))
        case "zip":
            return list(zip(*lists, strict=False))
        case "dict" | "OrderedDict" if all(_is_pair(item) for item in items):
            return {item[0]: item[1] for item in items}
        case "sum" | "max" | "min" | "prod" if items and all(map(is_number, items)):
            functions: dict[str, Callable[[list[Any]], Any]] = {"sum": sum, "max": max, "min": min, "prod": _product}
            return bounded(functions[name](items))
        case "prod" if any(isinstance(item, Batch) for item in items):
            raise RefusedError("the number of images in a batch is not known")
    raise RefusedError("this is not understood")


def _product(numbers: list[Any]) -> Any:
    product: Any = 1
    for number in numbers:
        product = bounded(product * number)
    return product


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[0], str | int)


def call_container(program: Expressions, container: Any, name: str, call: Call) -> Value:
    """Return what a method of a list, dictionary or text returns, and change the list. Raises RefusedError."""
    value = call.value(0, "")
    program.spend(len(container))
    match container, name:
        case list(), "append" if call.positional and len(container) < MAX_ITEMS:
            container.append(value)
            return None
        case list(), "extend":
            items = program.iterate(value)
            if items is not None and len(container) + len(items) <= MAX_ITEMS:
                container.extend(items)
                return None
        case list(), "insert" if is_whole(value) and len(call.positional) == 2 and len(container) < MAX_ITEMS:
            container.insert(value, call.value(1, ""))
            return None
        case list(), "pop" if container and not call.positional:
            return container.pop()
        case dict(), "items":
            return list(container.items())
        case dict(), "keys":
            return list(container)
        case dict(), "values":
            return list(container.values())
        case dict(), "get" if isinstance(value, str | int):
            return container.get(value, call.value(1, "default"))
    if isinstance(container, str):
        return "…"
    raise RefusedError("this is not understood")
