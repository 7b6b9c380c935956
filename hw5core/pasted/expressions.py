"""Follows the expressions of a program without running it: every operation is one that is computed here.

What is not understood becomes an `Unknown` that says why. It does no harm unless the network depends on it.
"""

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from hw5core.errors import PastedTextError
from hw5core.pasted import arithmetic
from hw5core.pasted.arithmetic import MAX_ITEMS, RefusedError, is_scalar, is_whole
from hw5core.pasted.names import full_name
from hw5core.pasted.source import Source
from hw5core.pasted.values import (
    Argument,
    Batch,
    Call,
    Finding,
    Instance,
    LayerModule,
    Library,
    Method,
    Sample,
    Scope,
    SequentialModule,
    Super,
    Tensor,
    Unknown,
    UserClass,
    UserFunction,
    Value,
    deepest,
)

MAX_STEPS = 20_000
"""The number of expressions and statements that are followed, loops included."""

_ITEMS_PER_STEP = 10
"""The number of items of a list whose handling takes as long as a step."""

_LONGEST_QUOTE = 40

NEAREST_WORD = 1_000
"""The work, in items, of finding the nearest known word."""


class Expressions(ABC):
    """Computes the expressions of one program.

    `path` are the names of the modules whose forward is being followed. `sample` is the shape of the first tensor that
    the program gives to a network. `made` counts the layers that each call in the text has made.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.steps = 0
        self.path: list[str] = []
        self.sample: tuple[int, ...] | None = None
        self.made: dict[int, int] = {}

    @abstractmethod
    def call(self, callee: Value, call: Call) -> Value:
        """Return what a call of this value returns."""

    @abstractmethod
    def apply(self, module: Value, tensor: Tensor, call: Call, name: str) -> Value:
        """Return the output of a module, which the program calls `name`, for a tensor."""

    @abstractmethod
    def builtin(self, name: str) -> Value:
        """Return the value of a name that the program does not define, or None."""

    def spend(self, items: int = 0) -> None:
        """Count one more step, and more for work on many items. Raises PastedTextError after the last one."""
        self.steps += 1 + items // _ITEMS_PER_STEP
        if self.steps > MAX_STEPS:
            raise PastedTextError("the program does too much to be followed: paste only the network")

    def unknown(self, node: ast.expr | ast.stmt, text: str, after: Tensor | None = None) -> Unknown:
        """Return a value that cannot be known, because of this part of the program."""
        return Unknown(Finding(node.lineno, text, self.source.span(node)), after)

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """Return the value of an expression."""
        self.spend()
        try:
            return self._evaluate(node, scope)
        except RefusedError as refused:
            return self.unknown(node, f"“{self._shown(node)}”: {refused}")

    def _evaluate(self, node: ast.expr, scope: Scope) -> Value:
        match node:
            case ast.Constant(value=value):
                if isinstance(value, int | float):
                    return arithmetic.bounded(value)
                return value[: arithmetic.MAX_TEXT] if isinstance(value, str) else value if value is None else ...
            case ast.Name(id=name):
                return self._name(node, name, scope)
            case ast.Attribute(value=value, attr=name):
                return self.attribute(self.evaluate(value, scope), name, node)
            case ast.Call():
                return self._call(node, scope)
            case ast.BinOp(left=left, op=operation, right=right):
                return self._binary(node, operation, self.evaluate(left, scope), self.evaluate(right, scope))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                known = truth(self.evaluate(operand, scope))
                return self.unknown(node, self._not_understood(node)) if known is None else not known
            case ast.UnaryOp(op=operation, operand=operand):
                value = self.evaluate(operand, scope)
                return value if isinstance(value, Tensor | Unknown) else arithmetic.unary(operation, value)
            case ast.Tuple(elts=items):
                return tuple(self._items(items, scope))
            case ast.List(elts=items):
                return self._items(items, scope)
            case ast.Dict(keys=keys, values=values):
                return self._dictionary(keys, values, scope)
            case ast.Subscript(value=value, slice=place):
                return self._subscript(node, self.evaluate(value, scope), place, scope)
            case ast.Compare(left=left, ops=[operation], comparators=[right]):
                one, other = self.evaluate(left, scope), self.evaluate(right, scope)
                self.spend(len(other) if isinstance(other, list | tuple) else 0)
                return one if isinstance(one, Unknown) else arithmetic.compare(operation, one, other)
            case ast.BoolOp(op=operation, values=values):
                return self._either(node, operation, values, scope)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                known = truth(self.evaluate(test, scope))
                if known is None:
                    return self.unknown(node, "which of two values is used is not known")
                return self.evaluate(body if known else orelse, scope)
            case ast.ListComp(elt=item, generators=[one]) | ast.GeneratorExp(elt=item, generators=[one]):
                return self._comprehension(node, item, one, scope)
            case ast.JoinedStr():
                return "…"
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                scope.names[name] = self.evaluate(value, scope)
                return scope.names[name]
        return self.unknown(node, self._not_understood(node))

    def _not_understood(self, node: ast.expr) -> str:
        return f"“{self._shown(node)}” is not understood"

    def _shown(self, node: ast.expr) -> str:
        """Return the start of an expression as it is written: only of its first line, however long it is."""
        span = self.source.span(node)
        whole = span.line == span.end_line and span.end_column - span.column <= _LONGEST_QUOTE
        end = span.end_column if whole else span.column + _LONGEST_QUOTE
        return self.source.lines[span.line - 1][span.column : end].strip() + "…" * (not whole)

    def _name(self, node: ast.Name, name: str, scope: Scope) -> Value:
        try:
            return scope.find(name)
        except KeyError:
            found = self.builtin(name)
            return found if found is not None else self.unknown(node, f"{name[:40]} is not defined in the text")

    def attribute(self, value: Value, name: str, node: ast.Attribute) -> Value:
        """Return an attribute of a value."""
        match value:
            case Unknown():
                return value
            case Library():
                return Library(full_name(f"{value.name}.{name}"))
            case Instance():
                return self._member(value, name)
            case UserClass():
                return value.find(name)
            case Super():
                return self._inherited(value, name)
            case Tensor() | Sample() if name == "shape":
                return shape_of(value)
            case Tensor() if name == "data":
                return value
            case LayerModule() if name in value.given:
                return value.given[name].value
            case SequentialModule():
                return next((child for key, child in value.children if key == name), Method(value, name))
            case dict() | list() | str() | Tensor() | Sample() | LayerModule():
                return Method(value, name)
        return self.unknown(node, self._not_understood(node))

    def _member(self, instance: Instance, name: str) -> Value:
        if name in instance.attributes:
            return instance.attributes[name]
        found = instance.made_by.find(name)
        if isinstance(found, UserFunction):
            return bound(found, instance)
        if found is not None:
            return found
        return False if name == "training" else Method(instance, name)

    def _inherited(self, value: Super, name: str) -> Value:
        for base in value.home.bases:
            if isinstance(base, UserClass):
                found = base.find(name)
                return bound(found, value.instance) if isinstance(found, UserFunction) else found
        return Method(value, name)

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            function = scope.function
            if function and function.home and function.instance:
                return Super(function.instance, function.home)
        callee = self.evaluate(node.func, scope)
        positional: list[Argument] = []
        for one in node.args:
            if isinstance(one, ast.Starred):
                items = self.iterate(self.evaluate(one.value, scope))
                if items is None:
                    return self.unknown(node, f"“{self._shown(one)}” is not known without running the program")
                positional += [Argument(item, None) for item in items]
            else:
                positional.append(Argument(self.evaluate(one, scope), one))
        named: dict[str, Argument] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg:
                named[keyword.arg] = Argument(value, keyword.value)
            elif isinstance(value, dict):
                named |= {str(key): Argument(item, None) for key, item in value.items()}
            else:
                return self.unknown(node, f"“{self._shown(keyword.value)}” is not known without running the program")
        return self.call(callee, Call(node, tuple(positional), named))

    def _binary(self, node: ast.expr, operation: ast.operator, left: Value, right: Value) -> Value:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Unknown):
                return Unknown(one.trouble, deepest(one, other))
            if isinstance(one, Tensor):
                if arithmetic.is_number(other):
                    return one  # arithmetic on every value changes no shape
                if isinstance(other, Tensor):
                    longer = max(left, right, key=lambda tensor: len(tensor.steps))
                    return self.unknown(node, "two branches meet: only chains of layers can be counted", longer)
            if isinstance(one, Batch):
                return self.unknown(node, "the number of images in a batch is not known")
        result = arithmetic.binary(operation, left, right)
        self.spend(len(result) if isinstance(result, list | tuple) else 0)
        return result

    def _items(self, nodes: list[ast.expr], scope: Scope) -> list[Value]:
        items: list[Value] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                more = self.iterate(self.evaluate(node.value, scope))
                if more is None:
                    raise RefusedError("the items after the star are not known")
                items += more
            else:
                items.append(self.evaluate(node, scope))
        if len(items) > MAX_ITEMS:
            raise RefusedError(f"a list has at most {MAX_ITEMS:,} items here")
        return items

    def _dictionary(self, keys: list[ast.expr | None], values: list[ast.expr], scope: Scope) -> Value:
        found: dict[Any, Value] = {}
        for key, value in zip(keys, values, strict=True):
            name = self.evaluate(key, scope) if key else None
            if not isinstance(name, str | int):
                raise RefusedError("this dictionary is not understood")
            found[name] = self.evaluate(value, scope)
        return found

    def _subscript(self, node: ast.expr, value: Value, place: ast.expr, scope: Scope) -> Value:
        if isinstance(value, Unknown):
            return value
        children = self.iterate(value) if isinstance(value, SequentialModule) else value
        if isinstance(place, ast.Slice):
            ends: list[Any] = [end and self.evaluate(end, scope) for end in (place.lower, place.upper, place.step)]
            if isinstance(children, list | tuple) and all(end is None or is_whole(end) for end in ends):
                if ends[2] == 0:
                    raise RefusedError("this part of a list is not understood")
                self.spend(len(children))
                part = children[slice(ends[0], ends[1], ends[2])]
                if isinstance(value, SequentialModule):
                    return SequentialModule(
                        [(str(number), child) for number, child in enumerate(part)], value.call, value.name
                    )
                return part
            return self.unknown(node, self._not_understood(node))
        key = self.evaluate(place, scope)
        try:
            if isinstance(children, list | tuple) and is_whole(key):
                return children[key]
            if isinstance(children, dict) and isinstance(key, str | int):
                return children[key]
        except (KeyError, IndexError):
            pass
        return self.unknown(node, self._not_understood(node))

    def _either(self, node: ast.expr, operation: ast.boolop, values: list[ast.expr], scope: Scope) -> Value:
        value: Value = None
        for one in values:
            value = self.evaluate(one, scope)
            known = truth(value)
            if known is None:
                return value if isinstance(value, Unknown) else self.unknown(node, self._not_understood(node))
            if known is isinstance(operation, ast.Or):
                break
        return value

    def _comprehension(self, node: ast.expr, item: ast.expr, one: ast.comprehension, scope: Scope) -> Value:
        items = self.iterate(self.evaluate(one.iter, scope))
        if items is None or one.is_async:
            return self.unknown(node, self._not_understood(node))
        inner, found = Scope({}, scope, scope.function), []
        for value in items:
            self.assign(one.target, value, inner)
            chosen = self._all(one.ifs, inner)
            if chosen is None:
                return self.unknown(node, "which items are chosen is not known")
            if chosen:
                found.append(self.evaluate(item, inner))
        return found

    def _all(self, tests: list[ast.expr], scope: Scope) -> bool | None:
        """Return whether all tests are true, or None if the first that is not true is not known."""
        return next((known for test in tests if not (known := truth(self.evaluate(test, scope)))), True)

    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Give a value to a name, an attribute or several of them."""
        self.spend()
        match target:
            case ast.Name(id=name):
                scope.names[name] = value
            case ast.Attribute(value=owner, attr=name):
                instance = self.evaluate(owner, scope)
                if isinstance(instance, Instance):
                    self.spend(len(value) if isinstance(value, list) else 0)
                    name_module(value, name)
                    instance.attributes[name] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                values = self.iterate(value)
                for number, part in enumerate(parts):
                    known = values is not None and len(values) == len(parts)
                    missing = (
                        value if isinstance(value, Unknown) else self.unknown(target, self._not_understood(target))
                    )
                    self.assign(part, values[number] if known and values else missing, scope)
            case ast.Subscript(value=owner, slice=place):
                container, key = self.evaluate(owner, scope), self.evaluate(place, scope)
                if _may_set(container, key):
                    container[key] = value
            case ast.Starred(value=inner):
                self.assign(inner, self.unknown(target, self._not_understood(target)), scope)

    def tensor_of(self, call: Call) -> Tensor | None:
        """Return the tensor among the arguments of a call, or in a list among them, or None."""
        arguments = [one.value for one in call.positional]
        inside = [item for one in arguments for item in (self.iterate(one) or [one])]
        return next((one for one in inside if isinstance(one, Tensor)), None)

    def iterate(self, value: Value) -> list[Value] | None:
        """Return the items of a list, tuple, dictionary or Sequential, or None if they are not known."""
        if isinstance(value, SequentialModule):
            self.spend(len(value.children))
            return [child for _, child in value.children]
        if not isinstance(value, list | tuple | dict):
            return None
        self.spend(len(value))
        return list(value)


def _may_set(container: Value, key: Value) -> bool:
    """Return True if an item of a list or dictionary can be set."""
    if isinstance(container, dict):
        return isinstance(key, str | int) and len(container) < MAX_ITEMS
    return isinstance(container, list) and is_whole(key) and -len(container) <= key < len(container)


def truth(value: Value) -> bool | None:
    """Return whether Python takes a value for true, or None if that is not known."""
    return bool(value) if is_scalar(value) or isinstance(value, list | tuple | dict) else None


def bound(function: UserFunction, instance: Instance) -> UserFunction:
    """Return a function as a method of an instance; a static method stays as it is."""
    static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in function.node.decorator_list)
    return (
        function if static else UserFunction(function.node, function.scope, function.defaults, function.home, instance)
    )


def shape_of(value: Tensor | Sample) -> tuple[Value, ...]:
    """Return the whole shape of a tensor, with the batch."""
    return (Batch(), *value.shape) if isinstance(value, Tensor) else value.shape


def name_module(value: Value, name: str) -> None:
    """Give modules that have no name yet the name under which the program keeps them."""
    for place, part in _modules(value, name):
        if isinstance(part, LayerModule | SequentialModule | Instance) and not part.name:
            part.name = place


def _modules(value: Value, name: str) -> Iterator[tuple[str, Value]]:
    if isinstance(value, list):
        yield from ((f"{name}.{number}", one) for number, one in enumerate(value))
    else:
        yield name, value
