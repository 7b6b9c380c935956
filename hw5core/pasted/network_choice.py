"""Finds the network among everything that a program defines."""

import ast

from hw5core.errors import PastedTextError, ShapeError
from hw5core.pasted.program import FORWARD, Program
from hw5core.pasted.values import (
    Call,
    Finding,
    Instance,
    LayerModule,
    SequentialModule,
    Unknown,
    UserClass,
    UserFunction,
    Value,
)

NOWHERE = ast.Name("network", ast.Load(), lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)
NO_CALL = Call(ast.Call(NOWHERE, [], [], lineno=1, col_offset=0, end_lineno=1, end_col_offset=0))
"""A call without arguments that is not in the text."""


def find_network(program: Program) -> Value:
    """Return the network of a program that was followed: a module, or an Unknown that says why it cannot be made.

    Raises PastedTextError if there is none.
    """
    names = program.scope.names
    if program.sampled is not None:
        return program.sampled
    made = [value for value in names.values() if _is_network(value)] or [
        value for value in program.shown if _is_network(value)
    ]
    if made:
        return made[-1]
    classes = [value for value in names.values() if isinstance(value, UserClass) and _has_forward(value)]
    if classes:
        return _made(program, classes[-1])
    loose = Instance(UserClass(_CLASS, (), names), program.loose.attributes)
    if _has_forward(loose.made_by):
        start = names.get("__init__")
        if isinstance(start, UserFunction):
            program.run(UserFunction(start.node, start.scope, start.defaults, None, loose), NO_CALL)
        return loose
    for value in reversed(list(names.values())):
        if isinstance(value, UserFunction):
            returned = program.call(value, NO_CALL)
            if _is_network(returned):
                return returned
    layers = [value for value in program.shown if isinstance(value, LayerModule)]
    if layers:
        return SequentialModule([(str(number), layer) for number, layer in enumerate(layers)])
    without = next((value for value in names.values() if isinstance(value, UserClass) and value.find("__init__")), None)
    if without:
        raise PastedTextError(
            f"{without.node.name[:40]} has no forward: paste it too, because it says how layers follow"
        )
    unknown = next((value for value in names.values() if isinstance(value, Unknown)), None)
    trouble = unknown.trouble if unknown else None
    because = f" Line {trouble.line}: {trouble.text}." if isinstance(trouble, Finding) else ""
    raise PastedTextError(
        f"no network was found: paste a class with layers and a forward, or a Sequential of layers.{because}"
    )


def _made(program: Program, made_by: UserClass) -> Value:
    """Return an object of a class that the program does not use. Raises PastedTextError if it needs arguments."""
    start = made_by.find("__init__")
    if isinstance(start, UserFunction):
        needed = [one.arg for one in start.node.args.args[1:] if one.arg not in start.defaults]
        if needed:
            name = made_by.node.name[:40]
            what = " and ".join(one[:40] for one in needed[:5])
            numbers = ", ".join(f"{one[:40]}=…" for one in needed[:5])
            advice = f"add a line such as model = {name}({numbers})"
            raise PastedTextError(f"{name} needs {what}: {advice}", made_by.node.lineno)
    return program.instantiate(made_by, NO_CALL)


_CLASS = ast.ClassDef("network", [], [], [], [], lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)
"""The class of methods that are pasted without their class."""


def _is_network(value: Value) -> bool:
    if isinstance(value, Instance):
        return _has_forward(value.made_by) or "sequence" in value.attributes
    return isinstance(value, SequentialModule) and bool(value.children)


def _has_forward(made_by: UserClass) -> bool:
    return any(isinstance(made_by.find(name), UserFunction) for name in FORWARD)


def own_parameters(module: LayerModule) -> int:
    """Return the parameters of a layer that nothing is sent through, from the numbers in the program."""
    if module.layer is None:
        return 0
    inputs = next((one.value for one in module.given.values()), None)
    if not isinstance(inputs, int):
        return 0
    for shape in ((inputs,), (inputs, 512, 512)):
        try:
            module.layer.output_shape(shape)
        except (ShapeError, IndexError):
            continue
        return module.layer.weights(shape) + module.layer.biases(shape)
    return 0
