"""Python's operators on constants, with bounded cost: no number, list or text can grow without limit."""

import ast
import operator
from collections.abc import Callable
from typing import Any, TypeGuard

MAX_NUMBER = 10**15
MAX_ITEMS = 2_000
MAX_TEXT = 1_000


class RefusedError(Exception):
    """Report an operation that is not computed, with the reason as a sentence."""


_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def binary(operation: ast.operator, left: object, right: object) -> object:
    """Return the result of an operator. Raises RefusedError."""
    if is_number(left) and is_number(right):
        return _numbers(operation, left, right)
    if isinstance(left, str) and isinstance(right, str) and isinstance(operation, ast.Add):
        return _within(left + right, MAX_TEXT)
    if isinstance(left, list | tuple):
        if isinstance(operation, ast.Add) and type(left) is type(right) and isinstance(right, list | tuple):
            return _within(left + right, MAX_ITEMS)  # type: ignore[operator]
        if isinstance(operation, ast.Mult) and is_whole(right):
            return list_times(left, right)
    raise RefusedError("this operation is not understood")


def list_times(items: list[Any] | tuple[Any, ...], times: int) -> list[Any] | tuple[Any, ...]:
    """Return the items repeated. Raises RefusedError if there are too many."""
    if len(items) * times > MAX_ITEMS:
        raise RefusedError(f"a list has at most {MAX_ITEMS:,} items here")
    return items * times


def unary(operation: ast.unaryop, value: object) -> object:
    """Return the result of an operator before a number. Raises RefusedError."""
    if not is_number(value) or isinstance(operation, ast.Invert):
        raise RefusedError("this operation is not understood")
    return -value if isinstance(operation, ast.USub) else value


def compare(operation: ast.cmpop, left: object, right: object) -> bool:
    """Return the result of a comparison of constants. Raises RefusedError."""
    if isinstance(operation, ast.Is | ast.IsNot) and (left is None or right is None):
        return (left is right) is isinstance(operation, ast.Is)
    if isinstance(operation, ast.In | ast.NotIn) and isinstance(right, list | tuple | dict):
        if not is_scalar(left) or not all(map(is_scalar, right)):
            raise RefusedError("this comparison is not understood")
        return (left in right) is isinstance(operation, ast.In)
    alike = (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str))
    if isinstance(operation, ast.Eq | ast.NotEq) and is_scalar(left) and is_scalar(right):
        alike = True
    if not alike or type(operation) not in _COMPARISONS:
        raise RefusedError("this comparison is not understood")
    return _COMPARISONS[type(operation)](left, right)


def is_number(value: object) -> TypeGuard[int | float]:
    """Return True for whole and decimal numbers, and for True and False."""
    return isinstance(value, int | float)


def is_whole(value: object) -> TypeGuard[int]:
    """Return True for whole numbers, without True and False."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_scalar(value: object) -> bool:
    """Return True for a value that is cheap to compare and to show."""
    return value is None or isinstance(value, int | float | str)


def _numbers(operation: ast.operator, left: Any, right: Any) -> object:
    try:
        if isinstance(operation, ast.Pow):
            if abs(right) > 64 or abs(left) > MAX_NUMBER:
                raise RefusedError("this power is too large")
            result = left**right
        elif type(operation) in _OPERATORS:
            result = _OPERATORS[type(operation)](left, right)
        else:
            raise RefusedError("this operation is not understood")
    except ZeroDivisionError:
        raise RefusedError("this divides by zero") from None
    except OverflowError:
        raise RefusedError("this number is too large") from None
    return bounded(result)


def bounded(number: Any) -> Any:
    """Return the number. Raises RefusedError if it is too large for any layer, or no real number."""
    if not is_number(number) or not abs(number) <= MAX_NUMBER:  # which also refuses what is not a number
        raise RefusedError("this number is too large")
    return number


def _within(items: Any, most: int) -> Any:
    if len(items) > most:
        raise RefusedError(f"a list or text has at most {most:,} items here")
    return items
