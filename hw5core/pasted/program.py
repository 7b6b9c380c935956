"""Follows the statements, functions and classes of a program without running it."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from hw5core.pasted.arithmetic import MAX_ITEMS, RefusedError, binary
from hw5core.pasted.builtin_functions import BUILTINS, builtin_name, call_builtin, call_container
from hw5core.pasted.expressions import Expressions, bound, truth
from hw5core.pasted.library import LibraryCode
from hw5core.pasted.names import USUAL_NAMES, full_name
from hw5core.pasted.source import Source
from hw5core.pasted.values import (
    Argument,
    Call,
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
    library_of,
)

_MAX_CALLS = 12
"""The number of functions that may call each other."""

FORWARD = ("forward", "call")
"""The method that computes a module's output: PyTorch's name and Keras' name."""


@dataclass(frozen=True)
class _Returned:
    """A function has returned this value."""

    value: Value


_LEFT_LOOP = object()
_NEXT_ROUND = object()


class Program(Expressions):
    """One program. After `follow`, `scope` has the names of the whole text.

    `shown` are the values of expressions outside functions. `sampled` is the module that the program calls with a
    tensor that it makes itself. `loose` is the object of methods and assignments that are pasted without their class.
    """

    def __init__(self, source: Source, libraries: Sequence[LibraryCode]) -> None:
        super().__init__(source)
        self.libraries = libraries
        self.loose = Instance(UserClass(ast.ClassDef("", [], [], [], []), (), {}))
        self.scope = Scope({"__name__": "__main__", "self": self.loose})
        self.shown: list[Value] = []
        self.sampled: Value = None
        self.ignored: set[int] = set()
        self._calls = 0

    def follow(self, tree: ast.Module) -> None:
        """Follow the whole text."""
        self._block(tree.body, self.scope)

    # Statements

    def _block(self, statements: list[ast.stmt], scope: Scope) -> Any:
        """Follow statements. Return what ended them early: _Returned, _LEFT_LOOP, _NEXT_ROUND; otherwise None."""
        for statement in statements:
            self.spend()
            ended = self._statement(statement, scope)
            if ended is not None:
                return ended
        return None

    def _statement(self, statement: ast.stmt, scope: Scope) -> Any:
        match statement:
            case ast.Import(names=names):
                for one in names:
                    name = one.asname or one.name.partition(".")[0]
                    scope.names[name] = Library(full_name(one.name if one.asname else name))
            case ast.ImportFrom(module=module, names=names):
                for name, alias in _imported(names, module or "", self.libraries):
                    scope.names[alias] = Library(full_name(f"{module or ''}.{name}"))
            case ast.FunctionDef():
                scope.names[statement.name] = self._function(statement, scope)
            case ast.ClassDef():
                scope.names[statement.name] = self._class(statement, scope)
            case ast.Assign(targets=targets, value=value):
                computed = self.evaluate(value, scope)
                self._note(statement, computed, scope)
                for target in targets:
                    self.assign(target, computed, scope)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, self.evaluate(value, scope), scope)
            case ast.AugAssign(target=target, op=operation, value=value):
                self._augmented(statement, target, operation, value, scope)
            case ast.Expr(value=value):
                computed = self.evaluate(value, scope)
                self._note(statement, computed, scope)
                if scope is self.scope:
                    self.shown += computed if isinstance(computed, tuple) else [computed]
            case ast.Return(value=value):
                return _Returned(self.evaluate(value, scope) if value else None)
            case ast.If():
                return self._if(statement, scope)
            case ast.For():
                return self._for(statement, scope)
            case ast.With(body=body):
                return self._block(body, scope)
            case ast.Try(body=body):
                return self._block(body, scope)
            case ast.Raise():
                return _Returned(self.unknown(statement, "the program ends with an error here"))
            case ast.Break():
                return _LEFT_LOOP
            case ast.Continue():
                return _NEXT_ROUND
            case ast.Pass() | ast.Assert() | ast.Global() | ast.Nonlocal() | ast.Delete():
                pass
            case _:
                self._skip(statement, scope, self.unknown(statement, "this statement is not understood"))
        return None

    def _note(self, statement: ast.stmt, value: Value, scope: Scope) -> None:
        """Remember a statement outside functions that says nothing about a network."""
        ignored = isinstance(value, Unknown | Library | Method) or (isinstance(statement, ast.Expr) and value is None)
        if scope is self.scope and ignored:
            self.ignored |= set(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))

    def _skip(self, statement: ast.stmt, scope: Scope, reason: Unknown) -> Unknown:
        """Leave out a statement whose effect is not known. The names that it sets are not known afterwards.

        Return what it may return. A tensor that it names has still passed the layers before it.
        """
        self._note(statement, reason, scope)
        nodes = [node for node in ast.walk(statement) if _is_name(node)]
        self.spend(len(nodes))
        named = [self.evaluate(_as_read(node), scope) for node in nodes]
        skipped = Unknown(reason.trouble, deepest(reason, *named))
        for node, before in zip(nodes, named, strict=True):
            if isinstance(node.ctx, ast.Store):
                self.assign(node, Unknown(reason.trouble, deepest(reason, before) or skipped.after), scope)
        return skipped

    def _augmented(
        self, statement: ast.AugAssign, target: ast.expr, operation: ast.operator, value: ast.expr, scope: Scope
    ) -> None:
        before = self.evaluate(_as_read(target), scope)
        change = self.evaluate(value, scope)
        if isinstance(before, list) and isinstance(operation, ast.Add):
            items = self.iterate(change)
            if items is not None and len(before) + len(items) <= MAX_ITEMS:
                before.extend(items)
                return
        try:
            known = not isinstance(before, Unknown | Tensor) and not isinstance(change, Unknown | Tensor)
            result = binary(operation, before, change) if known else self._binary(target, operation, before, change)
        except RefusedError as refused:
            result = self.unknown(statement, str(refused))
        self.assign(target, result, scope)

    def _if(self, statement: ast.If, scope: Scope) -> Any:
        condition = self.evaluate(statement.test, scope)
        known = truth(condition)
        if known is not None:
            return self._block(statement.body if known else statement.orelse, scope)
        if scope is self.scope:
            return self._block(statement.body, scope) or self._block(statement.orelse, scope)
        which = self.unknown(statement, "which part of the “if” runs is not known")
        reason = condition if isinstance(condition, Unknown) else which
        skipped = self._skip(statement, scope, reason)
        returns = any(isinstance(node, ast.Return) for node in ast.walk(statement))
        return _Returned(skipped) if returns else None

    def _for(self, statement: ast.For, scope: Scope) -> Any:
        looped = self.evaluate(statement.iter, scope)
        items = self.iterate(looped)
        if items is None:
            what = self.unknown(statement.iter, "what the “for” goes through is not known")
            self._skip(statement, scope, looped if isinstance(looped, Unknown) else what)
            return None
        for item in items:
            self.assign(statement.target, item, scope)
            ended = self._block(statement.body, scope)
            if ended is _LEFT_LOOP:
                return None
            if isinstance(ended, _Returned):
                return ended
        return self._block(statement.orelse, scope)

    # Functions and classes

    def _function(self, node: ast.FunctionDef, scope: Scope) -> UserFunction:
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args]
        values = [self.evaluate(one, scope) for one in arguments.defaults]
        defaults = dict(zip((one.arg for one in named[len(named) - len(values) :]), values, strict=True))
        for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if default is not None:
                defaults[one.arg] = self.evaluate(default, scope)
        return UserFunction(node, scope, defaults)

    def _class(self, node: ast.ClassDef, scope: Scope) -> UserClass:
        inner = Scope({}, scope)
        self._block(node.body, inner)
        made = UserClass(node, tuple(self.evaluate(base, scope) for base in node.bases), inner.names)
        for member in inner.names.values():
            if isinstance(member, UserFunction):
                member.home = made
                member.scope = scope  # a method does not see the names of its class
        return made

    def builtin(self, name: str) -> Value:
        if name in BUILTINS:
            return Library(f"builtins.{name}")
        if name in USUAL_NAMES:
            return Library(USUAL_NAMES[name])
        return next((found for library in self.libraries if (found := library.find(name))), None)

    def call(self, callee: Value, call: Call) -> Value:
        match callee:
            case Unknown():
                return Unknown(callee.trouble, deepest(callee, self.tensor_of(call)))
            case UserFunction():
                return self.run(callee, call)
            case UserClass():
                return self.instantiate(callee, call)
            case LayerModule() | SequentialModule() | Instance():
                return self._apply(callee, call)
            case Method(receiver=receiver, name=name):
                return self._method(receiver, name, call)
            case Library(name=name):
                if function := builtin_name(name):
                    return call_builtin(self, function, call)
                for library in self.libraries:
                    if library.owns(name):
                        return library.call(self, name, call)
                if callee.last == "summary":
                    self._note_input(call)
                return self.unknown(call.node, f"{name[:40]} is not understood", self.tensor_of(call))
        return self.unknown(call.node, self._not_understood(call.node), self.tensor_of(call))

    def _apply(self, module: Value, call: Call) -> Value:
        argument = call.value(0, "x")
        if isinstance(argument, LayerModule | SequentialModule) and library_of(module) == "Keras":
            before = argument.children if isinstance(argument, SequentialModule) else [("0", argument)]
            return SequentialModule([*before[:MAX_ITEMS], (str(len(before)), module)])
        if isinstance(argument, Tensor):
            return self.apply(module, argument, call, module.name)
        if isinstance(argument, Sample):
            self.sample, self.sampled = self.sample or argument.shape, self.sampled or module
        if isinstance(argument, Unknown):
            return argument
        return self.unknown(call.node, self._not_understood(call.node))

    def _note_input(self, call: Call) -> None:
        """Remember the input shape that a call such as summary(model, (1, 28, 28)) names."""
        module, shape = call.value(0, "model"), call.value(1, "input_size")
        if isinstance(module, Instance | SequentialModule) and isinstance(shape, tuple | list):
            self.sampled = self.sampled or module
            self.sample = self.sample or tuple(one for one in shape if isinstance(one, int))

    def apply(self, module: Value, tensor: Tensor, call: Call, name: str) -> Value:
        self.spend()
        match module:
            case Unknown():
                return Unknown(module.trouble, deepest(module, tensor))
            case SequentialModule(children=children):
                value: Value = tensor
                inner = Call(call.node, sequence=module.call.node if module.call else None)
                for key, child in children:
                    if isinstance(value, Tensor):
                        value = self.apply(child, value, inner, f"{name}.{key}" if name else key)
                return value
            case Instance():
                self.path.append(name)
                value = self._forward(module, tensor, call)
                self.path.pop()
                return value
            case LayerModule():
                library = next(one for one in self.libraries if one.owns(module.called))
                module.used = True
                return library.apply(self, module, tensor, call, ".".join(filter(None, [*self.path, name])))
            case UserFunction():
                return self.run(module, Call(call.node, (Argument(tensor, None),)))
        return self.unknown(call.node, "this is no layer", tensor)

    def _forward(self, instance: Instance, tensor: Tensor, call: Call) -> Value:
        for name in FORWARD:
            forward = instance.made_by.find(name)
            if isinstance(forward, UserFunction):
                arguments = (Argument(tensor, None), *call.positional[1:])
                returned = self.run(bound(forward, instance), Call(call.node, arguments, call.named))
                return returned[0] if isinstance(returned, tuple) and returned else returned
        if "sequence" in instance.attributes:
            return self.apply(instance.attributes["sequence"], tensor, call, "")
        return self.unknown(instance.made_by.node, f"{instance.made_by.node.name[:40]} has no forward", tensor)

    def run(self, function: UserFunction, call: Call) -> Value:
        """Return what a function of the program returns."""
        if self._calls >= _MAX_CALLS:
            return self.unknown(call.node, "too many functions call each other")
        scope = self._arguments(function, call)
        if isinstance(scope, Unknown):
            return scope
        self._calls += 1
        returned = self._block(function.node.body, scope)
        self._calls -= 1
        return returned.value if isinstance(returned, _Returned) else None

    def _arguments(self, function: UserFunction, call: Call) -> Scope | Unknown:
        """Return the names of a function's arguments with their values."""
        declared = function.node.args
        self.spend(len(function.defaults) + len(declared.args) + len(call.positional) + len(call.named))
        names = [one.arg for one in (*declared.posonlyargs, *declared.args)]
        values = [one.value for one in call.positional]
        if function.instance is not None:
            values.insert(0, function.instance)
        given = dict(zip(names, values, strict=False))
        rest = values[len(names) :]
        extra = {name: one.value for name, one in call.named.items()}
        known = {*names, *(one.arg for one in declared.kwonlyargs)}
        given |= {name: extra.pop(name) for name in list(extra) if name in known}
        if declared.vararg:
            given[declared.vararg.arg], rest = tuple(rest), []
        if declared.kwarg:
            given[declared.kwarg.arg], extra = extra, {}
        given = {**function.defaults, **given}
        missing = [name for name in known if name not in given]
        if rest or extra or missing:
            wrong = f"needs {missing[0]}" if missing else "gets arguments that it does not take"
            return self.unknown(call.node, f"{function.node.name[:40]} {wrong[:60]}", self.tensor_of(call))
        return Scope(given, function.scope, function)

    def instantiate(self, made_by: UserClass, call: Call) -> Value:
        """Return a new object of a class of the program."""
        instance = Instance(made_by)
        start = made_by.find("__init__")
        if isinstance(start, UserFunction):
            done = self.run(bound(start, instance), call)
            if isinstance(done, Unknown):
                return done
        elif call.positional and any(isinstance(base, Library) and base.last == "Sequential" for base in made_by.bases):
            self._method(Super(instance, made_by), "__init__", call)
        return instance

    def _method(self, receiver: Value, name: str, call: Call) -> Value:
        match receiver:
            case Super(instance=instance, home=home):
                bases = [base for base in home.bases if isinstance(base, Library) and base.last == "Sequential"]
                if name == "__init__" and bases:
                    instance.attributes["sequence"] = self.call(bases[0], call)
                return None
            case list() | dict() | str():
                return call_container(self, receiver, name, call)
            case Tensor() | Sample() | LayerModule() | SequentialModule() | Instance():
                for library in self.libraries:
                    if library.has_method(receiver, name):
                        return library.call_method(self, receiver, name, call)
        return self.unknown(
            call.node,
            self._not_understood(call.node),
            receiver if isinstance(receiver, Tensor) else self.tensor_of(call),
        )


def _is_name(node: ast.AST) -> TypeGuard[ast.Name | ast.Attribute]:
    """Return True for a name such as x or self.conv1.weight."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and _is_name(node.value))


def _as_read(target: ast.expr) -> ast.expr:
    """Return an assignment's target as an expression that reads it. The tree itself is not changed."""
    match target:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
        case ast.Attribute(value=value, attr=name):
            return ast.copy_location(ast.Attribute(value, name, ast.Load()), target)
    return target


def _imported(names: list[ast.alias], module: str, libraries: Sequence[LibraryCode]) -> Iterator[tuple[str, str]]:
    """Yield the names that an import defines: as the library calls them, and as the program does."""
    for one in names:
        if one.name == "*":
            for library in libraries:
                yield from ((name, name) for name in library.exported(full_name(module)))
        else:
            yield one.name, one.asname or one.name
