"""The kernels of the layers, directly on PyTorch's operators, and the registries that map classes of torch.nn to them.

A new layer kind needs an entry in KERNELS, a new activation one in ACTIVATION_KERNELS (both at the end).

Images are (n, channels, height, width). These kernels are fastest in the memory format channels_last; those in
`batch_last` order their memory in another way. Every kernel accepts every order.
"""

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from hw5core.training.batch_last import (
    BatchLastConvKernel,
    BatchLastMaxPoolKernel,
    is_batch_last,
)
from hw5core.training.kernel import ActivationPair, Kernel, Surroundings, move_bias
from hw5core.training.module_kernel import ModuleKernel
from hw5core.training.normalisation import BatchNormKernel

# The kernels behind autograd's formulas. torch's public functions do not offer them one by one.
_aten = torch.ops.aten
_convolution = _aten.convolution.default
_convolution_backward = _aten.convolution_backward.default
_max_pool = _aten.max_pool2d_with_indices.default
_max_pool_backward = _aten.max_pool2d_with_indices_backward.default
_avg_pool = _aten.avg_pool2d.default
_avg_pool_backward = _aten.avg_pool2d_backward.default


class ConvKernel(Kernel):
    """A convolution."""

    memory_format = torch.channels_last

    def __init__(self, module: nn.Conv2d) -> None:
        super().__init__(module)
        self.weight = self.parameters[0]
        self.bias = self.parameters[1] if len(self.parameters) > 1 else None
        self.window = (module.stride, _padding(module), module.dilation, False, (0, 0), module.groups)

    @classmethod
    def make(cls, module: nn.Conv2d, surroundings: Surroundings) -> Kernel:
        following = next((one for one in surroundings.later if type(one) not in ACTIVATION_KERNELS), None)
        if BatchLastConvKernel.fits(module, following):
            return BatchLastConvKernel(module)
        if _padding(module) is None:
            return ModuleKernel(module)
        return FirstConvKernel(module) if FirstConvKernel.fits(module, surroundings) else cls(module)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        return _convolution(values, self.weight, self.bias, *self.window), values

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        # The kernel can also sum the biases' gradient, but takes seven times as long as Tensor.sum.
        outputs = (self.passes_back, True, False)
        before, weights, _ = _convolution_backward(gradient, saved, self.weight, None, *self.window, outputs)
        return before, (weights, gradient)

    def parameter_grads(self, grads: Any) -> list[Tensor]:
        weights, gradient = grads
        return [weights] if self.bias is None else [weights, gradient.sum((0, 2, 3))]


def _padding(module: nn.Conv2d) -> tuple[int, ...] | None:
    """Return the padding of height and width, or None if it is not the same at both ends."""
    if not isinstance(module.padding, str):
        return module.padding
    reaches = [d * (k - 1) for k, d in zip(module.kernel_size, module.dilation, strict=True)]
    return None if any(reach % 2 for reach in reaches) else tuple(reach // 2 for reach in reaches)


class FirstConvKernel(Kernel):
    """A network's first convolution, of images with one channel, with square windows.

    Its windows are so small that unfolding them and multiplying matrices takes two thirds of the time of PyTorch's
    convolution. No gradient passes back.
    """

    memory_format = torch.channels_last

    def __init__(self, module: nn.Conv2d) -> None:
        super().__init__(module)
        sizes = (module.kernel_size, module.stride, _padding(module) or (0,), module.dilation)
        self.kernel_size, self.stride, self.padding, self.dilation = (int(size[0]) for size in sizes)
        self.padded = torch.empty(0)

    @staticmethod
    def fits(module: nn.Conv2d, surroundings: Surroundings) -> bool:
        """Return True if this kernel can compute the module in these surroundings."""
        sizes = (module.kernel_size, module.stride, _padding(module), module.dilation)
        is_square = all(size is not None and size[0] == size[1] for size in sizes)
        return is_square and not surroundings.earlier and module.in_channels == 1

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        self._pad(values)
        columns = self.windows.reshape(self.kernel_size**2, -1)
        rows = functional.linear(columns.t(), self.parameters[0].flatten(1), *self.parameters[1:])
        return rows.view(*self.windows.shape[2:], -1).permute(0, 3, 1, 2), columns

    def _pad(self, images: Tensor) -> None:
        """Copy the images (n, 1, height, width) into a frame of zeros that is reused from batch to batch."""
        count, _, height, width = images.shape
        if len(self.padded) != count:
            self.padded = images.new_zeros(count, height + 2 * self.padding, width + 2 * self.padding)
            self.windows = self._windows()
            self.inside = self.padded[:, self.padding : self.padding + height, self.padding : self.padding + width]
        self.inside.copy_(images[:, 0])

    def _windows(self) -> Tensor:
        """Return what each weight of the window sees, as a view (kernel height, kernel width, n, height, width)."""
        images, height, width = self.padded.shape
        reach = self.dilation * (self.kernel_size - 1)
        across = [(side - reach - 1) // self.stride + 1 for side in (height, width)]
        return self.padded.as_strided(
            (self.kernel_size, self.kernel_size, images, *across),
            (self.dilation * width, self.dilation, height * width, self.stride * width, self.stride),
        )

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        return gradient, (saved, gradient.permute(0, 2, 3, 1).reshape(-1, gradient.shape[1]))

    def parameter_grads(self, grads: Any) -> list[Tensor]:
        columns, rows = grads
        weight = (columns @ rows).t().reshape(self.parameters[0].shape)
        return [weight, rows.sum(0)][: len(self.parameters)]


class LinearKernel(Kernel):
    """A fully connected layer."""

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        return functional.linear(values, *self.parameters), values

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        before = gradient @ self.parameters[0] if self.passes_back else gradient
        return before, (gradient, saved)

    def parameter_grads(self, grads: Any) -> list[Tensor]:
        gradient, values = grads
        return [gradient.t() @ values, gradient.sum(0)][: len(self.parameters)]

    def update(self, grads: Any, learning_rate: float) -> None:
        gradient, values = grads
        # addmm_ adds the product to the weights directly, with half the memory traffic of storing it first.
        self.parameters[0].addmm_(gradient.t(), values, alpha=-learning_rate)
        for bias in self.parameters[1:]:
            move_bias(bias, gradient.t(), learning_rate)


def _pool_window(module: nn.MaxPool2d | nn.AvgPool2d) -> list[list[int]]:
    """Return kernel size, stride and padding, each for height and width."""
    sizes = (module.kernel_size, module.stride, module.padding)
    return [list(size) if isinstance(size, tuple) else [size, size] for size in sizes]


class MaxPoolKernel(Kernel):
    """A max pooling."""

    def __init__(self, module: nn.MaxPool2d) -> None:
        super().__init__(module)
        self.window = (*_pool_window(module), [1, 1], module.ceil_mode)

    @classmethod
    def make(cls, module: nn.MaxPool2d, surroundings: Surroundings) -> Kernel:
        source = next((kernel for kernel in reversed(surroundings.earlier) if not kernel.is_elementwise), None)
        if not BatchLastMaxPoolKernel.fits(module, source):
            return cls(module)
        # The largest value has the largest activation, if the activation never falls.
        match surroundings.earlier:
            case [*_, before, ActivationKernel() as activation] if before is source and activation.pair.is_increasing:
                activation.is_deferred = True
                return BatchLastMaxPoolKernel(module, source, activation.pair)
        return BatchLastMaxPoolKernel(module, source)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        largest, places = _max_pool(values, *self.window)
        return largest, (values, places)

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        values, places = saved
        return _max_pool_backward(gradient, values, *self.window, places), None


class AvgPoolKernel(Kernel):
    """An average pooling.

    If the images come with the batch last, images and channels swap places, which are the same to a pooling: PyTorch
    then sees the memory format channels_last.
    """

    def __init__(self, module: nn.AvgPool2d) -> None:
        super().__init__(module)
        self.window = (*_pool_window(module), module.ceil_mode, True)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        if is_batch_last(values):
            return _avg_pool(values.transpose(0, 1), *self.window).transpose(0, 1), values
        return _avg_pool(values, *self.window), values

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        if is_batch_last(saved):
            swapped = gradient.transpose(0, 1).contiguous(memory_format=torch.channels_last)
            return _avg_pool_backward(swapped, saved.transpose(0, 1), *self.window, None).transpose(0, 1), None
        return _avg_pool_backward(gradient, saved, *self.window, None), None


class FlattenKernel(Kernel):
    """A flatten."""

    passes_through = True

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        return values.flatten(1), values

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        images = gradient.view(saved.shape)
        # PyTorch's poolings take ten times as long if their gradient comes in another memory format than their input.
        is_channels_last = images.dim() == 4 and saved.stride(1) == 1
        return images.contiguous(memory_format=torch.channels_last) if is_channels_last else images, None


class DropoutKernel(Kernel):
    """A dropout. In evaluation mode it returns its input."""

    passes_through = True

    def __init__(self, module: nn.Dropout, earlier: list[Kernel], generator: torch.Generator) -> None:
        super().__init__(module)
        self.keep_probability = 1 - module.p
        self.generator = generator
        formats = (one.memory_format for one in reversed(earlier) if one.memory_format)
        self.memory_format = next(formats, torch.contiguous_format)

    @classmethod
    def make(cls, module: nn.Dropout, surroundings: Surroundings) -> Self:
        return cls(module, surroundings.earlier, surroundings.generator)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        # The values that remain are scaled up, so that the mean stays the same.
        scale = 1 / self.keep_probability if self.keep_probability else 0.0
        mask = self._empty_mask(values).bernoulli_(self.keep_probability, generator=self.generator).mul_(scale)
        return values * mask, mask

    def _empty_mask(self, values: Tensor) -> Tensor:
        """Return a mask in the memory order in which the random numbers are drawn: that of PyTorch's own layers."""
        order = self.memory_format if values.dim() == 4 else torch.contiguous_format
        return torch.empty_like(values, memory_format=order)

    def evaluate(self, values: Tensor) -> Tensor:
        return values

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        return gradient * saved, None


class ActivationKernel(Kernel):
    """An activation. Overwrites its input if the activation allows it and nothing else needs the input.

    If it `is_deferred`, the max pooling that follows computes it, on a quarter of the values.
    """

    reads_output = True
    is_elementwise = True

    def __init__(self, module: nn.Module, overwrites: bool = False) -> None:
        super().__init__(module)
        self.pair = ACTIVATION_KERNELS[type(module)]
        self.overwrites = overwrites
        self.is_deferred = False

    @classmethod
    def make(cls, module: nn.Module, surroundings: Surroundings) -> Self:
        # The images must not change, nor may an output that an earlier layer's backward pass reads.
        source = next((kernel for kernel in reversed(surroundings.earlier) if not kernel.passes_through), None)
        return cls(module, overwrites=source is not None and not source.reads_output)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        if self.is_deferred:
            return values, values
        if not self.pair.saves_output:
            return self.pair.forward(values), values
        output = self.pair.forward(values if self.overwrites else values.clone())
        return output, output

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        return gradient if self.is_deferred else self.pair.backward(gradient, saved), None

    def activated(self, saved: Any) -> tuple[Tensor, Tensor]:
        values = self.pair.forward(saved.clone()) if self.is_deferred else saved
        slopes = self.pair.backward(torch.ones_like(values), values)
        return values if self.pair.saves_output else self.pair.forward(values), slopes


ACTIVATION_KERNELS: dict[type[nn.Module], ActivationPair] = {
    nn.ReLU: ActivationPair(
        torch.relu_,
        lambda g, y: _aten.threshold_backward.grad_input(g, y, 0, grad_input=g),
        saves_output=True,
        is_increasing=True,
    ),
    nn.Sigmoid: ActivationPair(
        torch.sigmoid_,
        lambda g, y: _aten.sigmoid_backward.grad_input(g, y, grad_input=g),
        saves_output=True,
        is_increasing=True,
    ),
    nn.Tanh: ActivationPair(
        torch.tanh_,
        lambda g, y: _aten.tanh_backward.grad_input(g, y, grad_input=g),
        saves_output=True,
        is_increasing=True,
    ),
    nn.LeakyReLU: ActivationPair(
        functional.leaky_relu_,
        lambda g, y: _aten.leaky_relu_backward.default(g, y, 0.01, True),
        saves_output=True,
        is_increasing=True,
    ),
    nn.ELU: ActivationPair(
        functional.elu_,
        lambda g, y: _aten.elu_backward.default(g, 1, 1, 1, True, y),
        saves_output=True,
        is_increasing=True,
    ),
    nn.GELU: ActivationPair(functional.gelu, lambda g, x: _aten.gelu_backward.default(g, x), saves_output=False),
    nn.SiLU: ActivationPair(functional.silu, lambda g, x: _aten.silu_backward.default(g, x), saves_output=False),
    nn.Softplus: ActivationPair(
        functional.softplus, lambda g, x: _aten.softplus_backward.default(g, x, 1, 20), saves_output=False
    ),
    nn.Identity: ActivationPair(lambda x: x, lambda g, _x: g, saves_output=False),
}
"""The kernels of the activations, by class of torch.nn."""

KERNELS: dict[type[nn.Module], type[Kernel]] = {
    nn.Conv2d: ConvKernel,
    nn.Linear: LinearKernel,
    nn.BatchNorm1d: BatchNormKernel,
    nn.BatchNorm2d: BatchNormKernel,
    nn.MaxPool2d: MaxPoolKernel,
    nn.AvgPool2d: AvgPoolKernel,
    nn.Flatten: FlattenKernel,
    nn.Dropout: DropoutKernel,
    nn.ConvTranspose2d: ModuleKernel,
    nn.AdaptiveAvgPool2d: ModuleKernel,
    nn.GroupNorm: ModuleKernel,
    nn.LocalResponseNorm: ModuleKernel,
    nn.PReLU: ModuleKernel,
    nn.Softmax: ModuleKernel,
    nn.LogSoftmax: ModuleKernel,
}
"""The kernels of all other layers, by class of torch.nn."""
