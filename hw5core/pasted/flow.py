"""What every library has in common: a tensor that passes a layer, and a class that is not the right one."""

import ast
from dataclasses import replace
from math import prod

from hw5core.errors import ShapeError
from hw5core.network.architecture import MAX_LAYERS
from hw5core.network.base_layer import Layer
from hw5core.network.counting import MAX_VALUES
from hw5core.pasted.expressions import Expressions
from hw5core.pasted.reading import ReadLayer
from hw5core.pasted.source import Source
from hw5core.pasted.values import (
    Call,
    Finding,
    LayerModule,
    Misfit,
    Step,
    Tensor,
    Trouble,
    Unknown,
    Value,
)


def pass_layer(
    program: Expressions,
    module: LayerModule | None,
    layer: Layer,
    tensor: Tensor,
    call: Call,
    name: str,
    wrong: Trouble | None = None,
    shared: bool = False,
) -> Value:
    """Return the tensor after one more layer, with a trouble if a number of the layer is wrong.

    `shared` is True if the tensor has passed the module before.
    If the layer does not fit, return an Unknown that says why.
    """
    made = module.call.node if module else call.node
    if len(tensor.steps) >= MAX_LAYERS:
        return program.unknown(made, f"the network has more layers than can be counted: {MAX_LAYERS}", tensor)
    try:
        shape = layer.output_shape(tensor.shape)
    except ShapeError as error:
        return Unknown(Misfit(name, made, call, layer, str(error), tensor), tensor)
    if prod(shape) > MAX_VALUES:
        return program.unknown(made, f"{name} has more output values than can be counted: {MAX_VALUES:,}", tensor)
    if wrong is not None:
        tensor = tensor.with_trouble(wrong)
    read = ReadLayer(layer, made.lineno, name, program.source.span(made), shared)
    return replace(tensor, shape=shape, steps=(*tensor.steps, Step(read, module)))


def items_of(program: Expressions, call: Call, name: str) -> list[Value] | Unknown:
    """Return the items of the first argument, which is a list of layers, or an Unknown if they are not known."""
    value = call.value(0, name)
    items = [] if value is None else program.iterate(value)
    if items is not None:
        return items
    return value if isinstance(value, Unknown) else program.unknown(call.node, f"the {name} are not known")


def has_passed(tensor: Tensor, module: LayerModule) -> bool:
    """Return True if the tensor has passed this module before."""
    return any(step.owner is module for step in tensor.steps)


def wrong_class(source: Source, call: ast.Call, name: str, text: str, right: str | None) -> Finding:
    """Return a finding about the class or function of a call, and the edit that replaces its name by the right one.

    A program may call it by another name, as after `from torch.nn import Conv2D as C`. Then no edit of the call is
    right.
    """
    span = source.span(call.func)
    written = call.func.attr if isinstance(call.func, ast.Attribute) else source.cut(span)
    if written != name:
        return Finding(call.lineno, text, span)
    word = replace(span, line=span.end_line, column=span.end_column - len(name))
    return Finding(call.lineno, text, word, right, f"Write {right}" if right else "")
