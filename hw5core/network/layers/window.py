"""What convolutions and poolings share: a window at each position of an image."""

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

from hw5core.errors import ShapeError
from hw5core.network.base_layer import Layer, ReceptiveField, Shape, image_shape
from hw5core.network.fields import Limit, Sides, in_prose, pair, sides
from hw5core.network.windows import SideWindow, Span

MAX_WINDOW = 512
"""The largest kernel size, stride, padding and dilation."""


class OneSide(Protocol):
    """A window along one side of an image."""

    def pixels(self, values: int) -> int:
        """Return on how many pixels in a row this many neighbouring outputs depend."""
        ...

    def span(self, outputs: Span, size: int) -> Span:
        """Return the pixels of a side of this size on which these neighbouring outputs depend."""
        ...


class Window(Layer):
    """A layer with a window at each position of an image. Each kind declares the fields in its own order."""

    kernel_size: Sides
    stride: Sides

    @property
    def windows(self) -> tuple[OneSide, OneSide]:
        """The window along the height and along the width."""
        raise NotImplementedError

    @property
    def is_square(self) -> bool:
        """True if height and width of the kernel are equal."""
        return not isinstance(self.kernel_size, tuple)

    def _output_sides(self, input_shape: Shape) -> tuple[int, int]:
        """Return the output's height and width. Raises ShapeError if the window does not fit."""
        raise NotImplementedError

    def _fitting(self, axis: int, size: int) -> dict[str, tuple[int, int]]:
        """Return the lowest and highest fitting value of each field along one side of the input, of this size."""
        raise NotImplementedError

    def _side_arithmetic(self, axis: int, size: int, output: int) -> str:
        """Return how one side of the output follows from that of the input."""
        raise NotImplementedError

    def bounds(self, input_shape: Shape) -> dict[str, Limit]:
        limits = self.limits()
        for name, (height, width) in self.side_bounds(input_shape).items():
            limits[name] = limits[name].within(max(height.lowest, width.lowest), min(height.highest, width.highest))
        return {name: limit.including(getattr(self, name)) for name, limit in limits.items()}

    def side_bounds(self, input_shape: Shape) -> dict[str, tuple[Limit, Limit]]:
        if len(input_shape) != 3:
            return super().side_bounds(input_shape)
        limits, (height, width) = self.limits(), (self._fitting(axis, input_shape[1 + axis]) for axis in (0, 1))
        return {
            name: (
                limits[name].within(*height[name]).including(_of_axis(getattr(self, name), 0)),
                limits[name].within(*width[name]).including(_of_axis(getattr(self, name), 1)),
            )
            for name in height
        }

    def receptive_field(self, before: ReceptiveField | None, input_shape: Shape) -> ReceptiveField | None:
        if before is None:
            return None
        (height, width), (_, lines, columns) = self.windows, input_shape
        return ReceptiveField(
            lambda values: before.height(height.pixels(values)),
            lambda values: before.width(width.pixels(values)),
            lambda span: before.rows(height.span(span, lines)),
            lambda span: before.columns(width.span(span, columns)),
        )

    def shape_arithmetic(self, input_shape: Shape) -> str:
        outputs = self._output_sides(input_shape)
        equations = [
            self._side_arithmetic(axis, size, output)
            for axis, (size, output) in enumerate(zip(input_shape[1:], outputs, strict=True))
        ]
        return r",\;".join(dict.fromkeys(equations))

    def _drawn(self, name: str, sign: str = "/") -> str:
        """Return the label of the layer's block, such as "conv 11×11 /4". The sign is in front of the stride."""
        height, width = pair(self.kernel_size)
        return f"{name} {height}×{width}" + (f" {sign}{in_prose(self.stride, '×')}" if self.stride != 1 else "")


class SlidingWindow(Window):
    """A window that slides over a padded image."""

    padding: Sides | str
    dilation: Sides = 1
    ceil_mode: bool = False

    @cached_property
    def windows(self) -> tuple[SideWindow, SideWindow]:
        """The window along the height and along the width."""
        height, width = zip(pair(self.kernel_size), pair(self.stride), pair(self.dilation), strict=True)
        return self._side_window(0, *height), self._side_window(1, *width)

    def _side_window(self, axis: int, kernel_size: int, stride: int, dilation: int) -> SideWindow:
        if isinstance(self.padding, str):
            # Of an odd number of zeros, PyTorch puts one more after the image.
            total = dilation * (kernel_size - 1)
            before, after = total // 2, total - total // 2
        else:
            before = after = pair(self.padding)[axis]
        return SideWindow(kernel_size, stride, before, after, dilation, self.ceil_mode)

    def _output_sides(self, input_shape: Shape) -> tuple[int, int]:
        """Return the output's height and width. Raises ShapeError if the window does not fit."""
        _, *sizes = image_shape(self, input_shape)
        height, width = (window.positions(size) for window, size in zip(self.windows, sizes, strict=True))
        if height < 1 or width < 1:
            raise ShapeError(self._too_large(sizes))
        return height, width

    def _too_large(self, sizes: Sequence[int]) -> str:
        """Return the message for a window larger than its padded input, with the values that would fit."""
        pairs = list(zip(self.windows, sizes, strict=True))
        paddings = [max(window.before, window.least_padding(size)) for window, size in pairs]
        kernels = [min(window.kernel_size, window.largest_kernel(size)) for window, size in pairs]
        if self.is_square and not isinstance(self.padding, tuple):
            paddings, kernels = [max(paddings)] * 2, [min(kernels)] * 2
        possible = all(one <= highest for one, highest in zip(paddings, self._highest_paddings(), strict=True))
        more_padding = f"padding {in_prose(sides(*paddings))} or more, or " if possible else ""
        padded = f" with padding {in_prose(self.padding)}" if self.padding else ""
        spread = f" dilated by {in_prose(self.dilation)}" if self.dilation != 1 else ""
        return (
            f"kernel {in_prose(self.kernel_size)}{spread} does not fit a {sizes[0]}x{sizes[1]} input{padded}: "
            f"{more_padding}kernel {in_prose(sides(*kernels))} or less"
        )

    def _highest_paddings(self) -> tuple[int, int]:
        return MAX_WINDOW, MAX_WINDOW

    def _fitting(self, axis: int, size: int) -> dict[str, tuple[int, int]]:
        window = self.windows[axis]
        return {
            "kernel_size": (1, window.largest_kernel(size)),
            "stride": window.strides(size),
            "padding": (window.least_padding(size), self._highest_paddings()[axis]),
        }

    def shape_symbols(self) -> str:
        if isinstance(self.padding, str):
            return r"\text{side}+d(k-1)-d(k-1)"
        opening, closing = _brackets(self.ceil_mode)
        return rf"{opening}\frac{{\text{{side}}+2p-{self._reach_symbols()}}}{{s}}{closing}+1"

    def _side_arithmetic(self, axis: int, size: int, output: int) -> str:
        window = self.windows[axis]
        if isinstance(self.padding, str):
            added = rf"{window.dilation}\cdot({window.kernel_size}-1)"
            return f"{size}+{added}-{added}={output}"
        opening, closing = _brackets(self.ceil_mode)
        last = "-1" if window.omits_last(size) else ""
        return (
            rf"{opening}\frac{{{size}+2\cdot {window.before}-{self._reach_arithmetic(window)}}}{{{window.stride}}}"
            rf"{closing}+1{last}={output}"
        )

    def _reach_symbols(self) -> str:
        return "k"

    def _reach_arithmetic(self, window: SideWindow) -> str:
        return str(window.kernel_size)


def _of_axis(value: object, axis: int) -> object:
    return value[axis] if isinstance(value, tuple) else value


def _brackets(up: bool) -> tuple[str, str]:
    """Return the brackets that round down or up, in LaTeX."""
    kind = "ceil" if up else "floor"
    return rf"\left\l{kind}", rf"\right\r{kind}"
