"""What convolutions and poolings share: a window that slides over an image."""

from dataclasses import replace

from hw5core.errors import ShapeError
from hw5core.network.base_layer import Layer, Limit, Shape, View
from hw5core.network.windows import largest_kernel, least_padding, window_output

MAX_WINDOW = 512
"""The largest kernel size, stride, padding and dilation."""


class Window(Layer):
    """A layer that slides a square window over an image. Each subclass declares the fields in its own order."""

    kernel_size: int
    stride: int
    padding: int
    dilation: int = 1

    def _sides(self, input_shape: Shape) -> tuple[int, int]:
        """Return the output's height and width. Raises ShapeError if the window does not fit."""
        if len(input_shape) != 3:
            raise ShapeError(
                f"{self.title} needs channels, height and width, but a flatten comes before it: move it before the "
                "flatten"
            )
        height, width = (
            window_output(size, self.kernel_size, self.stride, self.padding, self.dilation) for size in input_shape[1:]
        )
        if height < 1 or width < 1:
            raise ShapeError(self._too_large(input_shape))
        return height, width

    def _too_large(self, input_shape: Shape) -> str:
        """Return the message for a window larger than its padded input, with the values that would fit."""
        side = min(input_shape[1:])
        padding = least_padding(side, self.kernel_size, self.dilation)
        more_padding = f"padding {padding} or more, or " if padding <= self._highest_padding() else ""
        padded = f" with padding {self.padding}" if self.padding else ""
        spread = f" dilated by {self.dilation}" if self.dilation > 1 else ""
        return (
            f"kernel {self.kernel_size}{spread} does not fit a {input_shape[1]}x{input_shape[2]} input{padded}: "
            f"{more_padding}kernel {largest_kernel(side, self.padding, self.dilation)} or less"
        )

    def _highest_padding(self) -> int:
        return MAX_WINDOW

    def bounds(self, input_shape: Shape) -> dict[str, Limit]:
        limits = self.limits()
        if len(input_shape) == 3:
            limits |= {
                name: _within(limits[name], lowest, highest)
                for name, (lowest, highest) in self._fitting(min(input_shape[1:])).items()
            }
        return {name: limit.including(getattr(self, name)) for name, limit in limits.items()}

    def _fitting(self, side: int) -> dict[str, tuple[int, int]]:
        """Return the lowest and highest fitting value of each field on an input whose shorter side is `side`."""
        return {
            "kernel_size": (1, largest_kernel(side, self.padding, self.dilation)),
            # A longer stride also leaves one position.
            "stride": (1, side + 2 * self.padding - self.dilation * (self.kernel_size - 1)),
            "padding": (least_padding(side, self.kernel_size, self.dilation), self._highest_padding()),
        }

    def view(self, before: View | None, input_shape: Shape) -> View | None:
        if before is None:
            return None
        reach = self.dilation * (self.kernel_size - 1)
        return View(before.side + reach * before.jump, before.jump * self.stride)

    def shape_arithmetic(self, input_shape: Shape) -> str:
        sides = dict(zip(input_shape[1:], self._sides(input_shape), strict=True))
        return r",\;".join(
            rf"\left\lfloor\frac{{{size}+2\cdot {self.padding}-{self._reach_arithmetic()}}}{{{self.stride}}}"
            rf"\right\rfloor+1={output}"
            for size, output in sides.items()
        )

    def _reach_arithmetic(self) -> str:
        return str(self.kernel_size)

    def _drawn(self, name: str) -> str:
        """Return the label of the layer's block, such as "conv 11×11 /4"."""
        return f"{name} {self.kernel_size}×{self.kernel_size}" + (f" /{self.stride}" if self.stride > 1 else "")


def _within(limit: Limit, lowest: int, highest: int) -> Limit:
    """Return the part of the limit from lowest to highest, at least one value."""
    low = min(max(lowest, limit.lowest), limit.highest)
    return replace(limit, lowest=low, highest=max(low, min(highest, limit.highest)))
