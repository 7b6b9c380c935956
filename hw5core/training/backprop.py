"""Backpropagation and gradient descent by hand, layer by layer, directly on PyTorch's kernels.

The tests compare every gradient with autograd's. On a batch of five images, autograd's bookkeeping takes half as long
as the arithmetic; here a layer saves only what its backward pass needs. The layers work in place on the tensors of the
nn.Sequential that they are made from, so evaluation and checkpoints use that module as usual.

Images are (n, channels, height, width) in the channels_last memory format, in which PyTorch's convolutions and poolings
are fastest on a CPU at this size.

A new layer kind needs an entry in KERNELS, a new activation one in ACTIVATION_KERNELS (both at the end).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from hw5core.errors import ArchitectureError

# The kernels behind autograd's formulas. torch's public functions do not offer them one by one.
_aten = torch.ops.aten
_convolution = _aten.convolution.default
_convolution_backward = _aten.convolution_backward.default
_max_pool = _aten.max_pool2d_with_indices.default
_max_pool_backward = _aten.max_pool2d_with_indices_backward.default
_avg_pool = _aten.avg_pool2d.default
_avg_pool_backward = _aten.avg_pool2d_backward.default
_batch_norm = _aten.native_batch_norm.default
_batch_norm_backward = _aten.native_batch_norm_backward.default


class Backprop:
    """Trains a network that `modules.build` made. Create and use it under torch.no_grad.

    `kernels` has one entry per layer. `velocities` are momentum's, one per parameter in the network's order; empty
    without momentum. `generator` is the source of dropout's random numbers. Raises ArchitectureError if a layer has no
    kernel.
    """

    def __init__(self, network: nn.Sequential, learning_rate: float, momentum: float = 0.0) -> None:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.generator = torch.Generator()
        self.kernels = _kernels(network, self.generator)
        # The backward pass ends at the first layer with parameters.
        self.first = next((n for n, kernel in enumerate(self.kernels) if kernel.parameters), len(self.kernels))
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.velocities = [torch.zeros_like(one) for one in network.parameters()] if momentum else []

    def step(self, images: Tensor, labels: Tensor, hook: "Hook | None" = None) -> Tensor:
        """Take one step of gradient descent on the batch's mean cross-entropy.

        Takes standardised images (n, channels, height, width) and labels (n,). Returns the logits (n, classes) of the
        network before the step. Calls `hook` for each layer during the backward pass.
        """
        logits, tape = self._forward(images)
        gradient = loss_gradient(logits, labels)
        velocities = list(self.velocities)
        for number in reversed(range(len(self.kernels))):
            kernel, saved, grads = self.kernels[number], tape.pop(), None
            if number >= self.first:
                gradient, grads = kernel.backward(gradient, saved)
            if hook:
                hook(number, kernel, saved, grads)
            if self.momentum:
                own = [velocities.pop() for _ in kernel.parameters][::-1]
                kernel.update_with_momentum(grads, self.learning_rate, own, self.momentum)
            else:
                kernel.update(grads, self.learning_rate)
        return logits

    def predict(self, images: Tensor) -> Tensor:
        """Return the logits (n, classes) of standardised images in evaluation mode: no dropout, and batch normalisation
        with its running mean and variance."""
        values = images
        for kernel in self.kernels:
            values = kernel.evaluate(values)
        return values

    def _forward(self, values: Tensor) -> tuple[Tensor, list[Any]]:
        """Return the logits, and what each layer saved for its backward pass."""
        tape = []
        for kernel in self.kernels:
            values, saved = kernel.forward(values)
            tape.append(saved)
        return values, tape


def loss_gradient(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the gradient of the mean cross-entropy with respect to the logits (n, classes)."""
    targets = _identity(logits.shape[1]).index_select(0, labels)
    return torch.softmax(logits, 1).sub_(targets).div_(len(labels))


@lru_cache
def _identity(size: int) -> Tensor:
    """Return the identity matrix. Row k holds the target probabilities of class k."""
    return torch.eye(size)


class Kernel:
    """Computes one layer: forward, backward and update.

    `backward` receives what `forward` saved; `parameter_grads` and `update` receive the grads that `backward` returns.
    `parameters` are the module's own tensors. If `passes_back` is False, no earlier layer has parameters, and the
    gradient that `backward` returns is not used.

    `reads_output` is True if the backward pass reads the layer's output, so that the next layer must not overwrite it.
    `passes_through` is True if the output may share its memory with the input.
    """

    reads_output = False
    passes_through = False

    def __init__(self, module: nn.Module) -> None:
        self.parameters = [parameter.detach() for parameter in module.parameters()]
        self.passes_back = True

    @classmethod
    def make(cls, module: Any, earlier: "list[Kernel]", generator: torch.Generator) -> "Kernel":  # noqa: ARG003
        """Return the kernel of the module that follows the `earlier` layers."""
        return cls(module)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        """Return the layer's output, and what `backward` needs."""
        raise NotImplementedError

    def evaluate(self, values: Tensor) -> Tensor:
        """Return the layer's output in evaluation mode."""
        return self.forward(values)[0]

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        """Return the loss's gradient with respect to the input, given that of the output, and the layer's grads."""
        raise NotImplementedError

    def parameter_grads(self, grads: Any) -> list[Tensor]:
        """Return the loss's gradient with respect to each parameter. Layers without parameters have no grads."""
        return grads or []

    def derivative(self, saved: Any) -> Tensor | None:  # noqa: ARG002
        """Return an activation's f'(x) for every value x of the forward pass, in its shape; None for other layers."""
        return None

    def update(self, grads: Any, learning_rate: float) -> None:
        """Move each parameter against its gradient."""
        for parameter, gradient in zip(self.parameters, self.parameter_grads(grads), strict=True):
            parameter.sub_(gradient, alpha=learning_rate)

    def update_with_momentum(self, grads: Any, learning_rate: float, velocities: list[Tensor], momentum: float) -> None:
        """Add each gradient to `momentum` times its velocity, and move the parameter against the new velocity."""
        for parameter, velocity, gradient in zip(self.parameters, velocities, self.parameter_grads(grads), strict=True):
            parameter.sub_(velocity.mul_(momentum).add_(gradient), alpha=learning_rate)


Hook = Callable[[int, Kernel, Any, Any], None]
"""Called with a layer's number (from 0), its kernel, what it saved, and its grads (None before the first weights)."""


class ConvKernel(Kernel):
    """A convolution."""

    def __init__(self, module: nn.Conv2d) -> None:
        super().__init__(module)
        self.weight = self.parameters[0]
        self.bias = self.parameters[1] if len(self.parameters) > 1 else None
        self.window = (module.stride, module.padding, module.dilation, False, (0, 0), module.groups)

    @classmethod
    def make(cls, module: nn.Conv2d, earlier: list[Kernel], generator: torch.Generator) -> Kernel:  # noqa: ARG003
        return cls(module) if earlier or module.in_channels > 1 else FirstConvKernel(module)

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


class FirstConvKernel(Kernel):
    """A network's first convolution, of images with one channel.

    Its windows are so small that unfolding them and multiplying matrices takes two thirds of the time of PyTorch's
    convolution. No gradient passes back.
    """

    def __init__(self, module: nn.Conv2d) -> None:
        super().__init__(module)
        sizes = (module.kernel_size, module.stride, module.padding, module.dilation)
        self.kernel_size, self.stride, self.padding, self.dilation = (int(size[0]) for size in sizes)
        self.padded = torch.empty(0)

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
            bias.sub_(gradient.sum(0), alpha=learning_rate)


class BatchNormKernel(Kernel):
    """A batch normalisation."""

    def __init__(self, module: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
        super().__init__(module)
        self.module = module

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        norm = self.module
        assert norm.num_batches_tracked is not None
        norm.num_batches_tracked.add_(1)
        normalised, mean, inverse_deviation = _batch_norm(
            values, *self.parameters, norm.running_mean, norm.running_var, True, norm.momentum, norm.eps
        )
        return normalised, (values, mean, inverse_deviation)

    def evaluate(self, values: Tensor) -> Tensor:
        norm = self.module
        moments = norm.running_mean, norm.running_var
        return _batch_norm(values, *self.parameters, *moments, False, norm.momentum, norm.eps)[0]

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        norm, (values, *moments) = self.module, saved
        before, *grads = _batch_norm_backward(
            gradient,
            values,
            self.parameters[0],
            norm.running_mean,
            norm.running_var,
            *moments,
            True,
            norm.eps,
            [True] * 3,
        )
        return before, grads


class MaxPoolKernel(Kernel):
    """A max pooling."""

    def __init__(self, module: nn.MaxPool2d) -> None:
        super().__init__(module)
        self.window = ([module.kernel_size] * 2, [module.stride] * 2, [module.padding] * 2, [1, 1], False)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        largest, places = _max_pool(values, *self.window)
        return largest, (values, places)

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        values, places = saved
        return _max_pool_backward(gradient, values, *self.window, places), None


class AvgPoolKernel(Kernel):
    """An average pooling."""

    def __init__(self, module: nn.AvgPool2d) -> None:
        super().__init__(module)
        self.window = ([module.kernel_size] * 2, [module.stride] * 2, [module.padding] * 2, False, True)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        return _avg_pool(values, *self.window), values

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        return _avg_pool_backward(gradient, saved, *self.window, None), None


class FlattenKernel(Kernel):
    """A flatten."""

    passes_through = True

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        return values.flatten(1), values.shape

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        images = gradient.view(saved)
        # A pooling takes ten times as long if its gradient comes in the other memory format.
        return images.contiguous(memory_format=torch.channels_last) if images.dim() == 4 else images, None


class DropoutKernel(Kernel):
    """A dropout. In evaluation mode it returns its input."""

    passes_through = True

    def __init__(self, module: nn.Dropout, generator: torch.Generator) -> None:
        super().__init__(module)
        self.keep_probability = 1 - module.p
        self.generator = generator

    @classmethod
    def make(cls, module: nn.Dropout, earlier: list[Kernel], generator: torch.Generator) -> Self:  # noqa: ARG003
        return cls(module, generator)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        # The values that remain are scaled up, so that the mean stays the same.
        scale = 1 / self.keep_probability if self.keep_probability else 0.0
        mask = torch.empty_like(values).bernoulli_(self.keep_probability, generator=self.generator).mul_(scale)
        return values * mask, mask

    def evaluate(self, values: Tensor) -> Tensor:
        return values

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        return gradient * saved, None


class ActivationPair(NamedTuple):
    """An activation y = f(x) and its part of the chain rule.

    `forward` maps x to y. `backward` maps the gradient with respect to y to that with respect to x; its second argument
    is y if `saves_output`, otherwise x. With `saves_output`, `forward` works in place: on images this small, the memory
    that a step touches decides how long it takes.
    """

    forward: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor, Tensor], Tensor]
    saves_output: bool


class ActivationKernel(Kernel):
    """An activation. Overwrites its input if the activation allows it and nothing else needs the input."""

    reads_output = True

    def __init__(self, module: nn.Module, overwrites: bool = False) -> None:
        super().__init__(module)
        self.pair = ACTIVATION_KERNELS[type(module)]
        self.overwrites = overwrites

    @classmethod
    def make(cls, module: nn.Module, earlier: list[Kernel], generator: torch.Generator) -> Self:  # noqa: ARG003
        # The images must not change, nor may an output that an earlier layer's backward pass reads.
        source = next((kernel for kernel in reversed(earlier) if not kernel.passes_through), None)
        return cls(module, overwrites=source is not None and not source.reads_output)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        if not self.pair.saves_output:
            return self.pair.forward(values), values
        output = self.pair.forward(values if self.overwrites else values.clone())
        return output, output

    def backward(self, gradient: Tensor, saved: Any) -> tuple[Tensor, Any]:
        return self.pair.backward(gradient, saved), None

    def derivative(self, saved: Any) -> Tensor:
        return self.pair.backward(torch.ones_like(saved), saved)


ACTIVATION_KERNELS: dict[type[nn.Module], ActivationPair] = {
    nn.ReLU: ActivationPair(
        torch.relu_, lambda g, y: _aten.threshold_backward.grad_input(g, y, 0, grad_input=g), saves_output=True
    ),
    nn.Sigmoid: ActivationPair(
        torch.sigmoid_, lambda g, y: _aten.sigmoid_backward.grad_input(g, y, grad_input=g), saves_output=True
    ),
    nn.Tanh: ActivationPair(
        torch.tanh_, lambda g, y: _aten.tanh_backward.grad_input(g, y, grad_input=g), saves_output=True
    ),
    nn.LeakyReLU: ActivationPair(
        functional.leaky_relu_, lambda g, y: _aten.leaky_relu_backward.default(g, y, 0.01, True), saves_output=True
    ),
    nn.ELU: ActivationPair(
        functional.elu_, lambda g, y: _aten.elu_backward.default(g, 1, 1, 1, True, y), saves_output=True
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
}
"""The kernels of all other layers, by class of torch.nn."""


def _kernels(network: nn.Sequential, generator: torch.Generator) -> list[Kernel]:
    """Return one kernel per module. Raises ArchitectureError if a module's class is in neither registry."""
    kernels: list[Kernel] = []
    for module in network:
        kind = ActivationKernel if type(module) in ACTIVATION_KERNELS else KERNELS.get(type(module))
        if kind is None:
            raise ArchitectureError(
                f"{type(module).__name__} cannot be trained: training/backprop.py has no kernel for it"
            )
        kernel = kind.make(module, kernels, generator)
        kernel.passes_back = any(earlier.parameters for earlier in kernels)
        kernels.append(kernel)
    return kernels
