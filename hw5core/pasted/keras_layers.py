"""The layers of Keras as the layers that are counted here. Keras writes channels last; shapes here have them first."""

from collections.abc import Callable, Iterator, Mapping

from hw5core.errors import ArchitectureError
from hw5core.network.base_layer import REQUIRED, Layer, Parameters, Shape, parameters
from hw5core.network.layers import AdaptiveAvgPool, AvgPool, BatchNorm, Conv, Dropout, Flatten, Linear, MaxPool
from hw5core.pasted.arithmetic import is_whole
from hw5core.pasted.binding import with_defaults
from hw5core.pasted.torch_code import LEFT_OUT, calls
from hw5core.pasted.values import Library, Value

Given = Mapping[str, Value]

_CONV = parameters(
    filters=REQUIRED,
    kernel_size=REQUIRED,
    strides=1,
    padding="valid",
    data_format=None,
    dilation_rate=1,
    groups=1,
    activation=None,
    use_bias=True,
)
_DEPTHWISE = parameters(
    kernel_size=REQUIRED,
    strides=1,
    padding="valid",
    depth_multiplier=1,
    data_format=None,
    dilation_rate=1,
    activation=None,
    use_bias=True,
)
_SEPARABLE = parameters(
    filters=REQUIRED,
    kernel_size=REQUIRED,
    strides=1,
    padding="valid",
    data_format=None,
    dilation_rate=1,
    depth_multiplier=1,
    activation=None,
    use_bias=True,
)
_POOL = parameters(pool_size=2, strides=None, padding="valid", data_format=None)
_GLOBAL = parameters(data_format=None, keepdims=False)
_NORM = parameters(axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True)

_SAME_NAMES = {"swish": "silu", "LeakyReLU": "leaky_relu", "ReLU": "relu", "ELU": "elu", "Softmax": "softmax"}


def _conv(given: Given, shape: Shape) -> Iterator[Layer]:
    padding = _padding(given, shape, given["kernel_size"], given["strides"], given["dilation_rate"], conv=True)
    yield _made(
        Conv,
        given["filters"],
        given["kernel_size"],
        given["strides"],
        padding,
        given["dilation_rate"],
        given["groups"],
        bool(given["use_bias"]),
    )


def _depthwise(given: Given, shape: Shape) -> Iterator[Layer]:
    padding = _padding(given, shape, given["kernel_size"], given["strides"], given["dilation_rate"], conv=True)
    multiplier = given["depth_multiplier"]
    outs = shape[0] * multiplier if is_whole(multiplier) else multiplier
    bias = bool(given["use_bias"])
    yield _made(Conv, outs, given["kernel_size"], given["strides"], padding, given["dilation_rate"], shape[0], bias)


def _separable(given: Given, shape: Shape) -> Iterator[Layer]:
    yield from _depthwise({**given, "use_bias": False}, shape)
    yield _made(Conv, given["filters"], 1, 1, 0, 1, 1, bool(given["use_bias"]))


def _pooling(kind: type[Layer]) -> Callable[[Given, Shape], Iterator[Layer]]:
    def layers(given: Given, shape: Shape) -> Iterator[Layer]:
        stride = given["pool_size"] if given["strides"] is None else given["strides"]
        padding = _padding(given, shape, given["pool_size"], stride, 1, conv=False)
        yield _made(kind, given["pool_size"], stride, padding)

    return layers


def _global_average(given: Given, shape: Shape) -> Iterator[Layer]:
    yield AdaptiveAvgPool(1)
    if not given["keepdims"]:
        yield Flatten()


def _global_max(given: Given, shape: Shape) -> Iterator[Layer]:
    yield _made(MaxPool, tuple(shape[1:]), tuple(shape[1:]), 0)
    if not given["keepdims"]:
        yield Flatten()


def _normalisation(given: Given, shape: Shape) -> Iterator[Layer]:
    if not (given["center"] and given["scale"]) or given["axis"] not in (-1, 3, [-1], [3]):
        raise ArchitectureError("only a normalisation with center and scale over the last axis is known here")
    yield BatchNorm()


KINDS: dict[str, tuple[Parameters, Callable[[Given, Shape], Iterator[Layer]]]] = {
    "Conv2D": (_CONV, _conv),
    "DepthwiseConv2D": (_DEPTHWISE, _depthwise),
    "SeparableConv2D": (_SEPARABLE, _separable),
    "MaxPooling2D": (_POOL, _pooling(MaxPool)),
    "AveragePooling2D": (_POOL, _pooling(AvgPool)),
    "GlobalAveragePooling2D": (_GLOBAL, _global_average),
    "GlobalMaxPooling2D": (_GLOBAL, _global_max),
    "Flatten": (parameters(data_format=None), lambda given, shape: iter([Flatten()])),
    "Dense": (
        parameters(units=REQUIRED, activation=None, use_bias=True),
        lambda given, shape: iter([_made(Linear, given["units"], bool(given["use_bias"]))]),
    ),
    "Dropout": (parameters(rate=REQUIRED), lambda given, shape: iter([_made(Dropout, _decimal(given["rate"]))])),
    "BatchNormalization": (_NORM, _normalisation),
    "Activation": (parameters(activation=REQUIRED), lambda given, shape: iter(())),
}
"""The classes that are understood: their parameters, and the layers that they are here for an input of some shape."""


def activation_layers(activation: Value) -> list[Layer]:
    """Return the layer of an activation, given by name, as a function or as a class. Raises ArchitectureError."""
    name = activation.last if isinstance(activation, Library) else activation
    if name is None or name == "linear":
        return []
    name = _SAME_NAMES.get(name, name) if isinstance(name, str) else name
    if not isinstance(name, str) or (name not in calls() and name not in LEFT_OUT):
        raise ArchitectureError(f"there is no activation {str(name)[:20]} here")
    if name not in calls():
        return []
    kind, known = calls()[name]
    return [kind.from_torch(name, with_defaults(known or {}, {}))]


def _padding(given: Given, shape: Shape, kernel: Value, stride: Value, dilation: Value, *, conv: bool) -> Value:
    """Return the padding of a window: that of "same" in Keras depends on the input, and has an output of side / stride.

    PyTorch pads both sides alike, and Keras may pad one side more; the outputs have the same shape.
    """
    if given["padding"] == "valid":
        return 0
    if given["padding"] != "same":
        raise ArchitectureError(f"padding cannot be {str(given['padding'])[:20]}")
    sides = [value if isinstance(value, tuple) else (value, value) for value in (kernel, stride, dilation)]
    if not all(len(pair) == 2 and all(is_whole(side) and 0 < side < 10_000 for side in pair) for pair in sides):
        raise ArchitectureError("the sizes of the window must be whole numbers")
    if conv and sides[1] == (1, 1):
        return "same"
    paddings = []
    for size, one, step, spread in zip(shape[1:], *sides, strict=True):
        total = max(0, (-(-size // step) - 1) * step + spread * (one - 1) + 1 - size)
        if step == 1 and total % 2:
            raise ArchitectureError('padding="same" with stride 1 and an even window cannot be expressed here')
        paddings.append(-(-total // 2))
    return paddings[0] if paddings[0] == paddings[1] else tuple(paddings)


def _made(kind: type[Layer], *values: Value) -> Layer:
    """Return a layer with these fields. Raises ArchitectureError."""
    for value in values:
        if not isinstance(value, bool | int | float | str | tuple):
            raise ArchitectureError(f"{kind.title} cannot have {str(value)[:20]} here")
    return kind(*values)


def _decimal(value: Value) -> Value:
    return float(value) if isinstance(value, int) else value
