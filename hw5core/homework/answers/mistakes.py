"""Common mistakes in counting the parameters of a layer, and the numbers that each of them gives.

A new mistake is one function with the decorator `mistake`. The order of the functions is that of the explanations: the
most likely comes first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from hw5core.explain.formulas import arithmetic_in_words
from hw5core.network.counting import Count, LayerCount
from hw5core.network.fields import pair
from hw5core.network.layers import Conv, ConvTranspose, Flatten, Linear


@dataclass(frozen=True)
class Product:
    """The parameters of a convolution or linear layer as factors: ins / groups x outs x kernel + biases."""

    ins: int
    outs: int
    kernel: tuple[int, int]
    groups: int
    biases: int

    @property
    def weights(self) -> int:
        return self.ins * self.outs * prod(self.kernel) // self.groups

    @property
    def parameters(self) -> int:
        return self.weights + self.biases

    def __str__(self) -> str:
        divided = f"/{self.groups}" if self.groups > 1 else ""
        kernel = " ⋅ ({} ⋅ {})".format(*self.kernel) if self.kernel != (1, 1) else ""
        return f"{self.ins}{divided} ⋅ {self.outs}{kernel}" + (f" + {self.biases}" if self.biases else "")


@dataclass(frozen=True)
class Question:
    """A layer of a network whose parameters are asked for."""

    counted: Count
    row: LayerCount

    @property
    def right(self) -> int:
        return self.row.parameters

    @property
    def arithmetic(self) -> str:
        """The right arithmetic and its result."""
        return f"{arithmetic_in_words(self.row)} = {self.right:,}"

    @property
    def product(self) -> Product | None:
        """The factors of the right number, or None if a run draws no weights for the layer: it has no such factors.

        Raises TypeError for another kind of layer with weights.
        """
        layer, ins = self.row.layer, self.row.input_shape[0]
        match layer:
            case Conv() | ConvTranspose():
                return Product(ins, layer.out_channels, pair(layer.kernel_size), layer.groups, self.row.biases)
            case Linear():
                return Product(ins, layer.out_features, (1, 1), 1, self.row.biases)
            case _ if not layer.draws_weights:
                return None
            case _:
                raise TypeError(f"the factors of {type(layer).__name__} are missing")

    @cached_property
    def codes(self) -> dict[int, tuple[str, ...]]:
        """The mistakes that give each number: their codes, the most likely first."""
        codes: dict[int, tuple[str, ...]] = {}
        for code, mistake in MISTAKES.items():
            for value in dict.fromkeys(one.value for one in mistake(self)):
                codes[value] = (*codes.get(value, ()), code)
        return codes

    def wrong_counts(self, value: int) -> Iterator[tuple[str, "WrongCount"]]:
        """Yield each mistake that gives this number: its code and how it does."""
        for code in self.codes.get(value, ()):
            yield code, next(one for one in MISTAKES[code](self) if one.value == value)

    @property
    def others(self) -> list[LayerCount]:
        """The other layers with parameters."""
        return [row for row in self.counted.rows if row.parameters and row.number != self.row.number]


@dataclass(frozen=True)
class WrongCount:
    """A number that a mistake gives, the arithmetic that leads to it, and what is wrong with it."""

    value: int
    arithmetic: str
    reason: str


MistakeFunction = Callable[[Question], Iterator[WrongCount]]

MISTAKES: dict[str, MistakeFunction] = {}
"""Each mistake by its code, in the order of likelihood."""


def mistake(code: str) -> Callable[[MistakeFunction], MistakeFunction]:
    """Enter a function as the mistake of this code."""

    def enter(function: MistakeFunction) -> MistakeFunction:
        MISTAKES[code] = function
        return function

    return enter


@mistake("bias-forgotten")
def bias_forgotten(question: Question) -> Iterator[WrongCount]:
    """Count the weights alone."""
    row, product = question.row, question.product
    if row.biases and row.weights:
        arithmetic = str(replace(product, biases=0)) if product else f"{row.weights}"
        what = f"{row.biases:,} biases, one per output" if product else f"{row.biases:,} shifts, one per channel"
        yield WrongCount(row.weights, arithmetic, f"You forgot the {what}.")


@mistake("layers-exchanged")
def layers_exchanged(question: Question) -> Iterator[WrongCount]:
    """Give the number of another layer."""
    for row in question.others:
        yield WrongCount(row.parameters, arithmetic_in_words(row), f"This is the number of {row.name}.")


@mistake("groups-ignored")
def groups_ignored(question: Question) -> Iterator[WrongCount]:
    """Give each filter all channels, although it has only those of its group."""
    product = question.product
    if product and product.groups > 1:
        seen = product.ins // product.groups
        reason = f"With {product.groups} groups, each filter sees only {seen} of the {product.ins} channels."
        yield _wrong(replace(product, groups=1), reason)


@mistake("kernel-not-squared")
def kernel_not_squared(question: Question) -> Iterator[WrongCount]:
    """Use one side of the kernel, or the sum of both, instead of the product."""
    product = question.product
    if not product:
        return
    height, width = product.kernel
    reason = f"A kernel of {height} ⋅ {width} has {height * width} weights per channel, not {{}}."
    for used in (height, width, height + width):
        wrong = replace(product, kernel=(used, 1))
        yield WrongCount(wrong.parameters, str(wrong).replace(f"({used} ⋅ 1)", f"{used}"), reason.format(used))


@mistake("input-channels-forgotten")
def input_channels_forgotten(question: Question) -> Iterator[WrongCount]:
    """Give each filter a single input channel."""
    product = question.product
    if product:
        seen = product.ins // product.groups
        what = "feature" if isinstance(question.row.layer, Linear) else "channel"
        reason = f"You forgot the input: each output has weights for each of {seen} input {what}s."
        yield _wrong(replace(product, ins=1, groups=1), reason)


@mistake("bias-per-connection")
def bias_per_connection(question: Question) -> Iterator[WrongCount]:
    """Give each pair of an input and an output a bias."""
    product = question.product
    if product and product.biases:
        for pairs in (product.ins * product.outs // product.groups, product.ins * product.outs):
            reason = (
                f"You counted a bias for each pair of an input and an output. There is one per output: {product.outs}."
            )
            yield _wrong(replace(product, biases=pairs), reason)


@mistake("running-stats-counted")
def running_stats_counted(question: Question) -> Iterator[WrongCount]:
    """Count running means and variances, which are not trained."""
    row = question.row
    if row.stored:
        arithmetic = f"{arithmetic_in_words(row)} + {row.stored}"
        reason = f"The {row.stored} running means and variances are stored but not trained: they are no parameters."
        yield WrongCount(row.parameters + row.stored, arithmetic, reason)


@mistake("stride-multiplied")
def stride_multiplied(question: Question) -> Iterator[WrongCount]:
    """Multiply by the stride, of one side or both."""
    product, layer = question.product, question.row.layer
    if product and isinstance(layer, Conv | ConvTranspose):
        height, width = pair(layer.stride)
        reason = "The stride says how far the filter moves. It has no weights."
        for factor in (height, width, height * width):
            yield from _multiplied(product, factor, reason)


@mistake("flatten-size")
def flatten_size(question: Question) -> Iterator[WrongCount]:
    """Use a wrong number of features behind a flatten."""
    product, row = question.product, question.row
    if not product or not isinstance(row.layer, Linear):
        return
    rows = question.counted.rows[: row.number - 1]
    flatten = next((one for one in reversed(rows) if isinstance(one.layer, Flatten)), None)
    if not flatten or prod(flatten.output_shape) != product.ins or _has_linear(rows, flatten.number):
        return
    right = " ⋅ ".join(map(str, flatten.input_shape))
    reason = f"The flatten gives {right} = {product.ins} features, not {{}}."
    for features in _wrong_features(flatten, rows):
        yield _wrong(replace(product, ins=features), reason.format(features))


@mistake("neighbour-channels")
def neighbour_channels(question: Question) -> Iterator[WrongCount]:
    """Take the channels of the layer before or after, or exchange those of this one."""
    product = question.product
    if not product:
        return
    before, after = _neighbours(question)
    reason = "Its input has {} channels and its output {}: these are the channels of another layer."
    ins = {product.outs, *([before.ins, before.outs] if before else []), *([after.outs] if after else [])}
    for wrong_ins in sorted(ins - {product.ins}):
        if wrong_ins % product.groups == 0:
            yield _wrong(replace(product, ins=wrong_ins), reason.format(product.ins, product.outs))
    outs = {product.ins, *([before.outs] if before else []), *([after.outs] if after else [])}
    for wrong_outs in sorted(outs - {product.outs}):
        for biases in {product.biases, wrong_outs if product.biases else 0}:
            wrong = replace(product, outs=wrong_outs, biases=biases)
            yield _wrong(wrong, reason.format(product.ins, product.outs))


@mistake("image-multiplied")
def image_multiplied(question: Question) -> Iterator[WrongCount]:
    """Multiply by the pixels of the output or the input."""
    product, row = question.product, question.row
    if product and not isinstance(row.layer, Linear):
        reason = "The same filter is used at every pixel, so the size of the image has no part in the count."
        for shape in (row.output_shape, row.input_shape):
            yield from _multiplied(product, prod(shape[1:]), reason)
            yield from _multiplied(product, shape[1], reason)


def _wrong(product: Product, reason: str) -> WrongCount:
    return WrongCount(product.parameters, str(product), reason)


def _multiplied(product: Product, factor: int, reason: str) -> Iterator[WrongCount]:
    """Multiply the weights by the factor, and then the biases too."""
    weights = replace(product, biases=0)
    bias = f" + {product.biases}" if product.biases else ""
    yield WrongCount(factor * product.weights + product.biases, f"{weights} ⋅ {factor}{bias}", reason)
    yield WrongCount(factor * product.parameters, f"({product}) ⋅ {factor}", reason)


def _has_linear(rows: Sequence[LayerCount], after: int) -> bool:
    return any(isinstance(row.layer, Linear) for row in rows[after:])


def _wrong_features(flatten: LayerCount, rows: Sequence[LayerCount]) -> list[int]:
    """Return numbers of features that a wrong idea of the shape gives: a side, the pixels, or an earlier layer."""
    shape, right = flatten.input_shape, prod(flatten.input_shape)
    found = [prod(row.input_shape) for row in reversed(rows[: flatten.number])]
    channels, *sides = shape
    found += [channels, prod(sides)]
    if len(shape) == 3:
        _, height, width = shape
        found += [channels * height, channels * (height + width)]
        found += [channels * (height + more) * (width + more) for more in (-2, -1, 1, 2)]
    return [features for features in dict.fromkeys(found) if features > 0 and features != right]


def _neighbours(question: Question) -> tuple[Product | None, Product | None]:
    """Return the factors of the nearest layers before and after that have factors."""
    products = [(row.number, Question(question.counted, row).product) for row in question.others]
    before = [product for number, product in products if product and number < question.row.number]
    after = [product for number, product in products if product and number > question.row.number]
    return (before[-1] if before else None), (after[0] if after else None)
