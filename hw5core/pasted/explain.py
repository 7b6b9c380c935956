"""Explains what is wrong in a program: which number, why, and what to write or which input to use instead."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod

from hw5core.errors import ShapeError
from hw5core.network.architecture import INPUT_LIMITS
from hw5core.network.base_layer import Layer, Shape
from hw5core.network.layers import Flatten
from hw5core.pasted.reading import Fix, InputShape, Problem, shape_in_words
from hw5core.pasted.source import Source, Span
from hw5core.pasted.values import Finding, Misfit, Step, Tensor, Trouble, WrongNumber

USUAL_SIDES = (28, 32, 224, 64, 96, 128, 227, 256, 299, 48, 16, 8, 512)
_LARGEST_SIDE = 320
_LONGEST_CODE = 60


def explain(source: Source, trouble: Trouble, input_shape: InputShape) -> Problem:
    """Return the problem in words, for an input of this shape."""
    match trouble:
        case Finding():
            fix = None
            if trouble.span and trouble.replacement is not None:
                fix = Fix(trouble.span, trouble.replacement, trouble.label)
            return Problem(trouble.line, trouble.text, trouble.span, fix)
        case WrongNumber():
            return _wrong_number(source, trouble, input_shape)
        case Misfit():
            return _misfit(source, trouble, input_shape)


def _wrong_number(source: Source, wrong: WrongNumber, input_shape: InputShape) -> Problem:
    arriving, producer = _arriving(wrong.before, input_shape, wrong.parameter == "row")
    noun = "channels" if len(wrong.before.shape) == 3 and wrong.parameter != "row" else "features"
    written, actual = _in_words(wrong.written), _in_words(wrong.actual)
    verb = "makes rows of" if wrong.parameter == "row" else "expects"
    if producer:
        text = f"{wrong.name} {verb} {written} {noun}, {producer} outputs {actual}."
    elif len(arriving) == 3 and noun == "features":
        product = f"{shape_in_words(arriving)} = {actual}"
        text = (
            f"{wrong.name} {verb} {written} {noun}, but an input of {shape_in_words(input_shape)} arrives as {product}."
        )
    else:
        text = f"{wrong.name} {verb} {written} {noun}, but the input {shape_in_words(input_shape)} has {actual}."
    fitting = _fitting_input(
        wrong.before, input_shape, lambda shape: _right(wrong, shape), None if producer else wrong.written
    )
    span = source.span(wrong.node) if wrong.node else None
    fix, advice = None, [f"use {shape_in_words(fitting)}"] if fitting else []
    if wrong.node is not None and span is not None:
        corrected = _corrected(source, wrong.call, span, str(wrong.actual))
        advice.insert(0, f"write {corrected}")
        fix = Fix(span, str(wrong.actual), f"Write {corrected}")
    sentence = ", or ".join(advice)
    text += f" {sentence[:1].upper()}{sentence[1:]}." if sentence else ""
    return Problem(span.line if span else wrong.call.lineno, text, span or source.span(wrong.call), fix, fitting)


def _misfit(source: Source, misfit: Misfit, input_shape: InputShape) -> Problem:
    span = source.span(misfit.made)
    if len(misfit.before.shape) == 3 and _output(misfit.layer, (prod(misfit.before.shape),)) is not None:
        arriving = shape_in_words(misfit.before.shape)
        text = f"{misfit.name} takes rows of features, but {arriving} arrives. Put a flatten before it."
        fix = _flatten_before(source, misfit)
        return Problem(fix.span.line if fix else span.line, text, source.span(misfit.call.node) if fix else span, fix)
    fitting = None
    if len(misfit.before.shape) == 3:
        fitting = _fitting_input(misfit.before, input_shape, lambda shape: _output(misfit.layer, shape) is not None)
    text = f"{misfit.name} does not fit: {misfit.text}" + (f", or use {shape_in_words(fitting)}" if fitting else "")
    return Problem(span.line, f"{text}.", span, None, fitting)


def _flatten_before(source: Source, misfit: Misfit) -> Fix | None:
    """Return the edit that puts a flatten before a layer: around its input, or as one more layer of the sequence."""
    sequence = misfit.call.sequence
    if sequence is not None:
        lists = [one.elts for one in sequence.args if isinstance(one, ast.List)]
        if not any(misfit.made is one for group in [sequence.args, *lists] for one in group):
            return None
        start = source.span(misfit.made)
        called = source.cut(source.span(misfit.made.func))
        flatten = called[: called.rfind(".") + 1] + "Flatten()"
        return Fix(replace(start, end_line=start.line, end_column=start.column), f"{flatten}, ", f"Insert {flatten}")
    if not misfit.call.node.args:
        return None
    argument = misfit.call.node.args[0]
    span, written = source.span(argument), source.cut(source.span(argument))
    if not isinstance(argument, ast.Name | ast.Call | ast.Attribute):
        return None
    return Fix(span, f"{written}.flatten(1)", f"Write {written[:40]}.flatten(1)")


def _arriving(before: Tensor, input_shape: InputShape, rows: bool) -> tuple[Shape, str]:
    """Return what arrives at a layer, before a flatten, and the name of the layer that makes it if no flatten does.

    `rows` is True if the layer itself flattens.
    """
    if len(before.shape) == 3 and rows:
        return before.shape, ""
    shapes = list(_shapes(before, input_shape))
    for step, into, out in zip(reversed(before.steps), reversed(shapes[:-1]), reversed(shapes[1:]), strict=False):
        if isinstance(step.read.layer, Flatten) and len(into) == 3:
            return into, ""
        if into[0] != out[0] or len(into) != len(out) or step.read.layer.weights(into):
            return out, step.read.name
    return before.shape, ""


def passed(tensor: Tensor, input_shape: Shape) -> Iterator[tuple[Step, Shape]]:
    """Yield the layers that a tensor has passed, each with the shape of its input."""
    yield from zip(tensor.steps, _shapes(tensor, input_shape), strict=False)


def _shapes(tensor: Tensor, input_shape: Shape) -> Iterator[Shape]:
    """Yield the input shape and the shape after each layer, up to the first that does not fit."""
    shape: Shape = input_shape
    yield input_shape
    for step in tensor.steps:
        output = _output(step.read.layer, shape)
        if output is None:
            return
        shape = output
        yield shape


def _output(layer: Layer, shape: Shape) -> Shape | None:
    try:
        return layer.output_shape(shape)
    except ShapeError:
        return None


def _right(wrong: WrongNumber, shape: Shape) -> bool:
    """Return True if the number in the program is right for an input of this shape."""
    if wrong.parameter == "row":
        return prod(shape) == wrong.written
    return shape == wrong.written if isinstance(wrong.written, tuple) else shape[0] == wrong.written


def _fitting_input(
    before: Tensor, input_shape: InputShape, fits: Callable[[Shape], bool], channels: object = None
) -> InputShape | None:
    """Return an input after which `fits` is true of the shape that arrives, or None: the same with other sides, or with
    as many channels as the first layer expects."""
    for sides in _sides(input_shape):
        if _fits_after(before, (input_shape[0], *sides), fits):
            return (input_shape[0], *sides)
    first = all(not step.read.layer.weights(input_shape) for step in before.steps)
    if first and isinstance(channels, int) and INPUT_LIMITS[0].lowest <= channels <= INPUT_LIMITS[0].highest:
        other = (channels, *input_shape[1:])
        return other if _fits_after(before, other, fits) else None
    return None


def _fits_after(before: Tensor, input_shape: InputShape, fits: Callable[[Shape], bool]) -> bool:
    """Return True if `fits` is true of what arrives after the layers before."""
    shapes = list(_shapes(before, input_shape))
    return len(shapes) == len(before.steps) + 1 and fits(shapes[-1])


def _sides(input_shape: InputShape) -> Iterator[tuple[int, int]]:
    """Yield the sides to try: the usual ones first, then all from the smallest."""
    tried = dict.fromkeys((*USUAL_SIDES, *range(1, _LARGEST_SIDE + 1)))
    yield from ((side, side) for side in tried if (side, side) != input_shape[1:])


def _corrected(source: Source, call: ast.Call, span: Span, right: str) -> str:
    """Return the call with its number corrected, as it would be written; only the number if the call is long."""
    whole = source.span(call)
    if whole.line != whole.end_line or span.line != whole.line:
        return right
    line = source.lines[whole.line - 1]
    corrected = line[whole.column : span.column] + right + line[span.end_column : whole.end_column]
    return corrected if len(corrected) <= _LONGEST_CODE else right


def _in_words(value: object) -> str:
    return shape_in_words(tuple(value)) if isinstance(value, list | tuple) else str(value)[:20]
