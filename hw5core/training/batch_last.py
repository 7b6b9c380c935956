"""Kernels for small convolutions and max poolings that keep the images of a batch next to each other in memory.

Images are (n, channels, height, width) as everywhere, but the memory holds them in the order (channels, height, width,
n): for each channel and pixel the values of all images. So a window that moves over the images reads long runs of
memory, and all windows are copied in a fraction of the time of the matrix product with them.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from hw5core.training.kernel import ActivationPair, Kernel, move_bias

_threshold_backward = torch.ops.aten.threshold_backward.default


def batch_last(images: Tensor) -> Tensor:
    """Return images (n, channels, height, width) as (channels, height, width, n), contiguous in memory."""
    return images.permute(1, 2, 3, 0).contiguous()


def batch_first(images: Tensor) -> Tensor:
    """Return images (channels, height, width, n) as a view (n, channels, height, width)."""
    return images.permute(3, 0, 1, 2)


def _has_pairs(height: int, width: int) -> bool:
    """Return True if windows of 2x2 cover an image of this size."""
    return height % 2 == 0 and width % 2 == 0


def is_batch_last(values: Tensor) -> bool:
    """Return True if the values are images that `batch_first` returned."""
    return values.dim() == 4 and values.stride(0) == 1


class BatchLastConvKernel(Kernel):
    """A convolution with square windows, without stride, padding, dilation and groups, as matrix products.

    `columns` holds what each weight sees: a row for each weight of a window (kernel height, kernel width, channels),
    and a column for each window (height, width, n). With the weights W as a matrix (output channels, window):

    - output: W columns + bias
    - gradient of W: (gradient of the output) columns^T; of the bias: the sum over the columns
    - gradient of the input: W^T (gradient of the output), each value added to the pixel that the weight sees

    With `pairs_columns`, an output of even height and width has its even columns first in memory, then its odd ones.
    """

    memory_format = torch.channels_last

    def __init__(self, module: nn.Conv2d) -> None:
        super().__init__(module)
        self.size = int(module.kernel_size[0])
        # A view, because Backprop stores the weights in the memory format channels_last.
        self.matrix = self.parameters[0].permute(0, 2, 3, 1).view(module.out_channels, -1)
        self.bias = self.parameters[1].unsqueeze(1) if len(self.parameters) > 1 else None
        self.pairs_columns = False
        self.sum: _WindowSum | None = None

    @staticmethod
    def fits(module: nn.Conv2d, following: nn.Module | None) -> bool:
        """Return True if this kernel can compute the module, and is faster than PyTorch's convolution.

        With 32 and more output channels, PyTorch's convolution keeps the processor as busy as a matrix product. Other
        `following` layers than these, after activations, take longer with the batch last.
        """
        is_plain = (module.stride, module.padding, module.dilation, module.groups) == ((1, 1), (0, 0), (1, 1), 1)
        is_square = module.kernel_size[0] == module.kernel_size[1]
        gains = isinstance(following, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d | nn.Flatten)
        return is_plain and is_square and gains and module.out_channels < 32

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        count, channels, height, width = values.shape
        height, width = height - self.size + 1, width - self.size + 1
        is_paired = self.pairs_columns and _has_pairs(height, width)
        windows = self._paired_windows(values, width // 2) if is_paired else self._windows(values)
        columns = windows.reshape(self.size**2 * channels, -1)
        rows = self.matrix @ columns if self.bias is None else torch.addmm(self.bias, self.matrix, columns)
        return batch_first(rows.view(-1, height, width, count)), (columns, values.shape)

    def _windows(self, values: Tensor) -> Tensor:
        """Return what each weight sees, as a view (kernel height, kernel width, channels, height, width * n)."""
        images = batch_last(values)
        channels, height, width, count = images.shape
        line, reach = width * count, self.size - 1
        return images.as_strided(
            (self.size, self.size, channels, height - reach, line - reach * count),
            (line, count, height * line, line, 1),
        )

    def _paired_windows(self, values: Tensor, pairs: int) -> Tensor:
        """Return what each weight sees, as a view (kernel height, kernel width, channels, 2, height, pairs * n).

        `shifted` holds every second column of the images from each column of a window on. The weight in column k sees
        shifted[:, k] where it computes the even columns of the output, and shifted[:, k + 1] for the odd ones.
        """
        count, channels, height, _ = values.shape
        by_image, by_channel, by_line, by_column = values.stride()
        shifted = values.as_strided(
            (channels, self.size + 1, height, pairs, count), (by_channel, by_column, by_line, 2 * by_column, by_image)
        ).contiguous()
        line = pairs * count
        return shifted.as_strided(
            (self.size, self.size, channels, 2, height - self.size + 1, line),
            (line, height * line, (self.size + 1) * height * line, height * line, line, 1),
        )

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        columns, shape = saved
        rows = batch_last(gradient).flatten(1)
        before = self._input_gradient(rows, shape) if self.passes_back else gradient
        return before, (rows, columns)

    def _input_gradient(self, rows: Tensor, shape: torch.Size) -> Tensor:
        if self.sum is None or self.sum.shape != shape:
            self.sum = _WindowSum(self.matrix, shape, self.size)
        return batch_first(self.sum(rows))

    def parameter_grads(self, grads: Any) -> list[Tensor]:
        rows, columns = grads
        channels, size = self.parameters[0].shape[1:3]
        weight = (rows @ columns.t()).view(-1, size, size, channels).permute(0, 3, 1, 2)
        return [weight] if self.bias is None else [weight, rows.sum(1)]

    def update(self, grads: Any, learning_rate: float) -> None:
        rows, columns = grads
        # addmm_ adds the product to the weights directly, with half the memory traffic of storing it first.
        self.matrix.addmm_(rows, columns.t(), alpha=-learning_rate)
        if self.bias is not None:
            move_bias(self.parameters[1], rows, learning_rate)


class _WindowSum:
    """Adds up the gradient of each pixel over the windows that contain it, for input images of one shape.

    First over the lines of a window: matrix products are added to shifted parts of `lines`. Then over its columns:
    `lines` are added to shifted parts of `pixels`. The next call overwrites the result.
    """

    def __init__(self, matrix: Tensor, shape: torch.Size, size: int) -> None:
        self.shape = shape
        count, channels, height, width = shape
        across = (width - size + 1) * count
        length = (height - size + 1) * across
        self.lines = matrix.new_zeros(size, channels, height, across)
        self.pixels = matrix.new_zeros(channels, height, width, count)
        lines = self.lines.view(size * channels, -1)
        self.products = [
            (lines[:, line * across :][:, :length], weights.t())
            for line, weights in enumerate(matrix.split(size * channels, 1))
        ]
        pixels = self.pixels.view(channels, height, -1)
        self.additions = [
            (pixels[:, :, column * count :][:, :, :across], part) for column, part in enumerate(self.lines)
        ]

    def __call__(self, rows: Tensor) -> Tensor:
        """Return the gradient (channels, height, width, n) of the images, given that of the output as a matrix."""
        self.lines.zero_()
        for target, weights in self.products:
            target.addmm_(weights, rows)
        self.pixels.zero_()
        for target, part in self.additions:
            target.add_(part)
        return self.pixels


class BatchLastMaxPoolKernel(Kernel):
    """A max pooling of 2x2 windows without padding.

    The larger of two neighbours is taken first within each line of a window, then between its two lines. If both are
    equal, the gradient goes to the first one. So it goes to the same pixel as in PyTorch. A last odd line or column is
    in no window.

    Neighbours are fastest to compare if they are far apart in memory, with a long run of other pixels of the same kind
    after each. So a network's first convolution is asked to compute all even columns before the odd ones.

    `activation` is an activation before the pooling that is computed after it, on a quarter of the values.
    """

    def __init__(self, module: nn.MaxPool2d, source: Kernel | None, activation: ActivationPair | None = None) -> None:
        super().__init__(module)
        self.activation = activation
        self.reads_output = activation is not None
        self.pairs_columns = isinstance(source, BatchLastConvKernel) and not source.passes_back
        if isinstance(source, BatchLastConvKernel):
            source.pairs_columns = self.pairs_columns

    @staticmethod
    def fits(module: nn.MaxPool2d, source: Kernel | None) -> bool:
        """Return True if this kernel can compute the module, and the source of its images keeps the batch last."""
        is_batch_last = isinstance(source, BatchLastConvKernel | BatchLastMaxPoolKernel)
        window = (module.kernel_size, module.stride, module.padding, module.ceil_mode)
        return is_batch_last and window == (2, 2, 0, False)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        count, channels, height, width = values.shape
        lines, columns = height // 2, width // 2
        is_paired = self.pairs_columns and _has_pairs(height, width)
        windows = (channels, 2, lines, 2, columns * count) if is_paired else (channels, lines, 2, columns, 2, count)
        inside = values if _has_pairs(height, width) else values[:, :, : 2 * lines, : 2 * columns]
        left, right = batch_last(inside).view(windows).unbind(1 if is_paired else 4)
        upper, lower = torch.maximum(left, right).unbind(2)
        largest = torch.maximum(upper, lower)
        if self.activation:
            largest = self.activation.forward(largest)
        output = batch_first(largest.view(channels, lines, columns, count))
        return output, (values.shape, left, right, upper, lower, largest)

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        (count, channels, height, width), left, right, upper, lower, largest = saved
        rows = batch_last(gradient).view(upper.shape)
        if self.activation:
            rows = self.activation.backward(rows, largest)
        lines = torch.stack(_shares(rows, upper, lower), 2)
        pixels = torch.stack(_shares(lines, left, right), 1 if left.dim() == 4 else 4)
        pixels = pixels.view(channels, height // 2 * 2, width // 2 * 2, count)
        if not _has_pairs(height, width):
            pixels = functional.pad(pixels, (0, 0, 0, width % 2, 0, height % 2))
        return batch_first(pixels), None


def _shares(gradient: Tensor, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of two values, given that of the larger. If they are equal, the first has all of it."""
    to_second = _threshold_backward(gradient, second - first, 0)
    return gradient - to_second, to_second
