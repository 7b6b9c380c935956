"""Kernels for small convolutions and max poolings that keep the images of a batch next to each other in memory.

Images are (n, channels, height, width) as everywhere, but the memory holds them in the order (channels, height, width,
n): for each channel and pixel the values of all images. So a window that moves over the images reads long runs of
memory, and all windows are copied in a fraction of the time of the matrix product with them.

On a batch of five images, allocating results and describing parts of them takes a sixth of a step. So each kernel keeps
both for the next batch of the same shape, which overwrites the results.
"""

from typing import Any

import torch
from torch import Tensor, nn

from hw5core.training.kernel import ActivationPair, Kernel, move_bias

_threshold_backward = torch.ops.aten.threshold_backward.grad_input


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
        self.memory: _ConvMemory | None = None
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
        memory = self.memory
        if memory is None or memory.shape != values.shape:
            memory = self.memory = _ConvMemory(values, self.matrix, self.size, self.pairs_columns)
        memory.unfold(values)
        if self.bias is None:
            torch.mm(self.matrix, memory.columns, out=memory.rows)
        else:
            torch.addmm(self.bias, self.matrix, memory.columns, out=memory.rows)
        return memory.output, memory

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        rows = batch_last(gradient).flatten(1)
        before = self._input_gradient(rows, saved.shape) if self.passes_back else gradient
        return before, (rows, saved.columns)

    def _input_gradient(self, rows: Tensor, shape: torch.Size) -> Tensor:
        if self.sum is None or self.sum.shape != shape:
            self.sum = _WindowSum(self.matrix, shape, self.size)
        return self.sum(rows)

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


class _ConvMemory:
    """The `columns` of a convolution and its output as a matrix, `rows`, for images of one shape.

    The columns are copied in two steps, because long runs of memory are fast to copy. `shifted` holds the images from
    each column of a window on. If the output has its even columns first, that is every second column of the images: the
    weight in column k sees shifted[:, k] where it computes the even columns, and shifted[:, k + 1] for the odd ones.
    """

    def __init__(self, images: Tensor, matrix: Tensor, size: int, pairs_columns: bool) -> None:
        self.shape = images.shape
        count, channels, height, width = images.shape
        lines, across = height - size + 1, width - size + 1
        self.step = 2 if pairs_columns and _has_pairs(lines, across) else 1
        reach, line = size + self.step - 1, across // self.step * count
        self.shifted = images.new_empty(channels, reach, height, across // self.step, count)
        self.windows = self.shifted.as_strided(
            (size, size, channels, self.step, lines, line),
            (line, height * line, reach * height * line, height * line, line, 1),
        )
        self.columns = images.new_empty(size**2 * channels, lines * across * count)
        self.columns_by_window = self.columns.view(self.windows.shape)
        self.rows = images.new_empty(len(matrix), lines * across * count)
        self.output = batch_first(self.rows.view(-1, lines, across, count))

    def unfold(self, images: Tensor) -> None:
        """Fill the columns with these images, (n, channels, height, width) in any order of the memory."""
        by_image, by_channel, by_line, by_column = images.stride()
        order = (by_channel, by_column, by_line, self.step * by_column, by_image)
        self.shifted.copy_(images.as_strided(self.shifted.shape, order))
        self.columns_by_window.copy_(self.windows)


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
        self.gradient = batch_first(self.pixels)
        pixels = self.pixels.view(channels, height, -1)
        self.additions = [
            (pixels[:, :, column * count :][:, :, :across], part) for column, part in enumerate(self.lines)
        ]

    def __call__(self, rows: Tensor) -> Tensor:
        """Return the gradient (n, channels, height, width) of the images, given that of the output as a matrix."""
        self.lines.zero_()
        for target, weights in self.products:
            target.addmm_(weights, rows)
        self.pixels.zero_()
        for target, part in self.additions:
            target.add_(part)
        return self.gradient


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
        self.memory: _PoolMemory | None = None
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
        memory = self.memory
        if memory is None or memory.shape != values.shape:
            memory = self.memory = _PoolMemory(values, self.pairs_columns)
        memory.look_at(values)
        torch.maximum(memory.left, memory.right, out=memory.larger)
        torch.maximum(memory.upper, memory.lower, out=memory.largest)
        if self.activation:
            self.activation.forward(memory.largest)
        return memory.output, memory

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        saved.grad_by_image.copy_(gradient)
        grad = saved.grad
        if self.activation:
            grad = self.activation.backward(grad, saved.largest)
        _pass_back(grad, saved.upper, saved.lower, saved.difference_of_lines, saved.grads_of_lines)
        _pass_back(saved.larger_grad, saved.left, saved.right, saved.difference_of_columns, saved.grads_of_columns)
        return saved.gradient, None


class _PoolMemory:
    """The results of a max pooling, forward and backward, for images of one shape.

    `larger` has the larger value of the `left` and the `right` column of each window, `upper` and `lower` are its two
    lines, and `largest` has the largest value. `grad` is the gradient of `largest`, `larger_grad` that of `larger`.
    """

    def __init__(self, images: Tensor, pairs_columns: bool) -> None:
        self.shape = images.shape
        count, channels, height, width = images.shape
        by_image = (channels, height // 2, width // 2, count)
        self.is_paired = pairs_columns and _has_pairs(height, width)
        self.images: Tensor | None = None
        self.look_at(images)
        self.larger = images.new_empty(self.left.shape)
        self.upper, self.lower = self.larger.unbind(2)
        self.largest = images.new_empty(self.upper.shape)
        self.output = batch_first(self.largest.view(by_image))
        self.grad = torch.empty_like(self.largest)
        self.grad_by_image = batch_first(self.grad.view(by_image))
        self.larger_grad = torch.empty_like(self.larger)
        self.grads_of_lines = self.larger_grad.unbind(2)
        self.difference_of_lines = torch.empty_like(self.largest)
        self.difference_of_columns = torch.empty_like(self.larger)
        # A last odd line or column keeps its zeros.
        self.gradient = batch_first(images.new_zeros(channels, height, width, count))
        self.grads_of_columns = _columns_of_windows(self.gradient, self.is_paired)

    def look_at(self, images: Tensor) -> None:
        """Use the values of these images."""
        if images is not self.images:
            self.images = images
            self.left, self.right = _columns_of_windows(images, self.is_paired)


def _columns_of_windows(images: Tensor, is_paired: bool) -> tuple[Tensor, ...]:
    """Return the left and the right column of all windows, as views (channels, lines, 2, columns * n), or (channels,
    lines, 2, columns, n) unless the images have their even columns first."""
    values = images.permute(1, 2, 3, 0)
    channels, height, width, count = values.shape
    lines, columns = height // 2, width // 2
    if is_paired:
        return values.view(channels, 2, lines, 2, columns * count).unbind(1)
    inside = values[:, : 2 * lines, : 2 * columns]
    return inside.unflatten(2, (columns, 2)).unflatten(1, (lines, 2)).unbind(4)


def _pass_back(gradient: Tensor, first: Tensor, second: Tensor, difference: Tensor, grads: tuple[Tensor, ...]) -> None:
    """Write the gradients of two values into `grads`, given that of the larger one, which gets all of it.

    If they are equal, the first gets it. `difference` is contiguous memory for their difference: computing in it is
    faster, although the result is copied.
    """
    torch.sub(second, first, out=difference)
    _threshold_backward(gradient, difference, 0, grad_input=difference)
    grads[1].copy_(difference)
    torch.sub(gradient, difference, out=grads[0])
