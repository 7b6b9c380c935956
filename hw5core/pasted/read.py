"""Reads a pasted program: finds its network, sends an input through it, and says what is wrong."""

import ast
from collections.abc import Iterator
from math import isqrt, prod

from hw5core.errors import PastedTextError, ShapeError
from hw5core.network.architecture import INPUT_LIMITS, Architecture
from hw5core.network.base_layer import Layer
from hw5core.network.layers import BatchNorm, Flatten
from hw5core.pasted.explain import USUAL_SIDES, explain, passed
from hw5core.pasted.keras_code import KerasCode
from hw5core.pasted.network_choice import NO_CALL, find_network, own_parameters
from hw5core.pasted.program import Program
from hw5core.pasted.reading import InputShape, Reading, ReadLayer
from hw5core.pasted.source import Source, parse
from hw5core.pasted.torch_code import TorchCode
from hw5core.pasted.values import (
    Finding,
    Misfit,
    Step,
    Tensor,
    Trouble,
    Unknown,
    Value,
    WrongNumber,
    layer_modules,
    library_of,
)

_MAX_PROBLEMS = 3
"""The number of problems that are explained: each may need a search for an input that fits."""

_IMAGE_NET = 1000
"""The classes of ImageNet: networks with as many outputs take images of 224x224."""


def read(text: str, input_shape: InputShape | None = None) -> Reading:
    """Return what a program says about its network, for an input of this shape; None: one that fits.

    Raises PastedTextError if the text is no program with a network, and ArchitectureError for an impossible input.
    """
    if input_shape:
        Architecture(input_shape)
    source, tree = parse(text)
    try:
        return _read(source, tree, input_shape)
    except RecursionError:
        raise PastedTextError("the program is nested too deeply: paste only the network") from None


def _read(source: Source, tree: ast.Module, input_shape: InputShape | None) -> Reading:
    program = Program(source, (KerasCode(), TorchCode()))
    program.follow(tree)
    network = find_network(program)
    flow = _Flow(program, network)
    origin = "given"
    if input_shape is None:
        input_shape, origin = flow.input_of_code() or flow.guess()
    return flow.reading(input_shape, origin)


class _Flow:
    """Sends inputs through the network of a program."""

    def __init__(self, program: Program, network: Value) -> None:
        self.program = program
        self.network = network
        self._made = dict(program.made)

    def output(self, input_shape: InputShape) -> tuple[Tensor, list[tuple[int, Trouble]]]:
        """Return how far an input of this shape comes, and the troubles, each with the number of layers before it."""
        tensor, troubles = self._output(Tensor(input_shape))
        first = troubles[0][1] if troubles else None
        if isinstance(first, Misfit) and not first.before.steps and _takes_rows(first.layer, input_shape):
            line = self.program.source.span(first.made).line
            flat = Step(ReadLayer(Flatten(), line, "the flat input"))
            return self._output(Tensor((prod(input_shape),), (flat,)))
        return tensor, troubles

    def _output(self, start: Tensor) -> tuple[Tensor, list[tuple[int, Trouble]]]:
        self.program.path.clear()
        self.program.made = dict(self._made)
        value = self.program.apply(self.network, start, NO_CALL, "")
        if isinstance(value, Tensor):
            return value, list(value.troubles)
        if isinstance(value, Unknown):
            last = value.after or start
            return last, [*last.troubles, (len(last.steps), value.trouble)]
        return start, [(0, Finding(1, "the network does not return the output of a layer"))]

    def input_of_code(self) -> tuple[InputShape, str] | None:
        """Return the input that the program itself names, or None."""
        sizes = self.program.sample or ()
        if len(sizes) == 1:
            images = next(_images(sizes[0]), None)
            return (images, "from the code") if images else None
        shape = sizes[-3:] if len(sizes) in (3, 4) else ()
        if len(shape) == 3 and all(
            limit.lowest <= size <= limit.highest for size, limit in zip(shape, INPUT_LIMITS, strict=True)
        ):
            return (shape[0], shape[1], shape[2]), "from the code"
        return None

    def guess(self) -> tuple[InputShape, str]:
        """Return the usual input with the fewest troubles, and that it is a guess."""
        best, best_depth = (1, 28, 28), -1
        for shape in self._guesses():
            _, troubles = self.output(shape)
            if not troubles:
                return shape, "a guess that fits"
            depth = troubles[0][0]
            if depth > best_depth:
                best, best_depth = shape, depth
        return best, "a guess"

    def _guesses(self) -> Iterator[InputShape]:
        tensor, troubles = self.output((1, 224, 224))
        first = next((trouble for _, trouble in troubles if isinstance(trouble, WrongNumber)), None)
        channels = 1
        if first is not None and isinstance(first.written, int) and not _weighted(first):
            if len(first.before.shape) == 3 and first.parameter != "row":
                channels = first.written
            else:
                yield from _images(first.written)
        sides = USUAL_SIDES if channels == 1 else (32, 224, *USUAL_SIDES)
        if _outputs(tensor) == _IMAGE_NET:
            sides = (224, *sides)
        yield from ((channels, side, side) for side in dict.fromkeys(sides) if channels <= INPUT_LIMITS[0].highest)

    def reading(self, input_shape: InputShape, origin: str) -> Reading:
        """Return what the program says about its network for this input."""
        tensor, troubles = self.output(input_shape)
        problems = tuple(explain(self.program.source, trouble, input_shape) for _, trouble in troubles[:_MAX_PROBLEMS])
        fitting = troubles[0][0] if troubles else len(tensor.steps)
        return Reading(
            text=self.program.source.text,
            library=library_of(self.network),
            input_shape=input_shape,
            input_origin=origin,
            layers=tuple(step.read for step in tensor.steps[:fitting]),
            problems=problems,
            notes=tuple(
                self._notes(tensor, input_shape, complete=all(place < len(tensor.steps) for place, _ in troubles))
            ),
            ignored=tuple(sorted(self.program.ignored)),
        )

    def _notes(self, tensor: Tensor, input_shape: InputShape, complete: bool) -> Iterator[str]:
        shared = dict.fromkeys(step.read.name for step in tensor.steps if step.read.shared and _has_weights(step.read))
        for name in shared:
            yield f"{name} is used more than once. Its parameters count once here, but on the Count page at each use."
        moving = sum(
            2 * shape[0] for step, shape in passed(tensor, input_shape) if isinstance(step.read.layer, BatchNorm)
        )
        if moving and library_of(self.network) == "Keras":
            yield f"Keras counts {moving:,} more: the moving means and variances, which are not trained."
        if tensor.steps and tensor.steps[0].read.name == "the flat input":
            yield "The first layer takes rows of features, so a flatten comes before it."
        for name, module in layer_modules(self.network) if complete else ():
            if not module.used and (number := own_parameters(module)):
                yield (
                    f"{name} (line {module.call.node.lineno}) is never used, but PyTorch counts its {number:,} "
                    "parameters."
                )


def _takes_rows(layer: Layer, input_shape: InputShape) -> bool:
    """Return True if a flatten of the input would make the layer fit."""
    try:
        layer.output_shape((prod(input_shape),))
    except ShapeError:
        return False
    return True


def _has_weights(read: ReadLayer) -> bool:
    return bool(read.layer.draws_weights)


def _weighted(wrong: WrongNumber) -> bool:
    """Return True if a layer before the wrong number decides it."""
    return any(
        not isinstance(step.read.layer, Flatten) and step.read.layer.draws_weights for step in wrong.before.steps
    )


def _outputs(tensor: Tensor) -> int:
    return tensor.shape[0] if tensor.shape else 0


def _images(values: int) -> Iterator[InputShape]:
    """Yield images with this many values."""
    for channels in (1, 3):
        side = isqrt(values // channels)
        if values == channels * side * side and 1 <= side <= INPUT_LIMITS[1].highest:
            yield (channels, side, side)
    if values <= INPUT_LIMITS[2].highest:
        yield (1, 1, values)
