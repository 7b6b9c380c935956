"""How far each field of a layer can go before the layer stops fitting its input, so that a control can end there."""

from dataclasses import fields

from hw5core.network.architecture import LIMITS, AvgPool, Conv, Layer, Limit, MaxPool, Shape
from hw5core.network.counting import largest_kernel, least_padding


def bounds(layer: Layer, input_shape: Shape) -> dict[str, Limit]:
    """The fitting values of each numeric field while the layer's other fields stay as they are.

    The layer's present value is always among them, even where it does not fit, so that a control can stand on it.
    """
    ranges = {field.name: LIMITS[field.name] for field in fields(layer) if field.name in LIMITS}
    if isinstance(layer, Conv | MaxPool | AvgPool) and len(input_shape) == 3:
        ranges |= _window_bounds(layer, min(input_shape[1:]))
    return {name: _including(limit, getattr(layer, name)) for name, limit in ranges.items()}


def _window_bounds(layer: Conv | MaxPool | AvgPool, side: int) -> dict[str, Limit]:
    kernel, padding = layer.kernel_size, layer.padding
    dilation = layer.dilation if isinstance(layer, Conv) else 1
    positions = side + 2 * padding - dilation * (kernel - 1)
    least = least_padding(side, kernel, dilation)
    ranges = {
        "kernel_size": _within("kernel_size", 1, largest_kernel(side, padding, dilation)),
        # A longer stride leaves one position, as this one does.
        "stride": _within("stride", 1, positions),
        "padding": _within("padding", least, LIMITS["padding"].highest),
    }
    if isinstance(layer, Conv):
        reach = (side + 2 * padding - 1) // (kernel - 1) if kernel > 1 else LIMITS["dilation"].highest
        return ranges | {"dilation": _within("dilation", 1, reach)}
    # A pooling's padding is at most half its kernel.
    return ranges | {
        "kernel_size": _within("kernel_size", 2 * padding, ranges["kernel_size"].highest),
        "padding": _within("padding", least, kernel // 2),
    }


def _within(name: str, lowest: int, highest: int) -> Limit:
    limit = LIMITS[name]
    low = min(max(lowest, limit.lowest), limit.highest)
    return Limit(limit.label, low, max(low, min(highest, limit.highest)))


def _including(limit: Limit, value: int) -> Limit:
    return Limit(limit.label, min(limit.lowest, value), max(limit.highest, value))
