"""Backpropagation and gradient descent by hand, layer by layer, straight on PyTorch's kernels.

Autograd finds the same gradients (the tests hold the two together), but on a batch of five its bookkeeping takes as
long as half of the arithmetic. Here each layer keeps what its backward pass needs, gives it up as soon as that is done,
and nothing else happens. The layers work in place on the tensors of the nn.Sequential that they were made from:
evaluation and checkpoints use that as ever.

Images are (n, channels, height, width) in channels_last, in which PyTorch's convolutions and poolings are fastest on a
CPU at this size.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

# The kernels behind autograd's formulas, which torch's public functions do not offer one by one.
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
    """Trains a network that `networks.build` made. Make and use it under torch.no_grad.

    `velocities` are momentum's, one per parameter in the network's order; none without momentum. `generator` is what
    dropout draws from.
    """

    def __init__(self, network: nn.Sequential, learning_rate: float, momentum: float = 0.0) -> None:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.generator = torch.Generator()
        self.layers = _layers(network, self.generator)
        # What comes before the first parameters has nothing to learn.
        self.first = next((n for n, layer in enumerate(self.layers) if layer.parameters), len(self.layers))
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.velocities = [torch.zeros_like(one) for one in network.parameters()] if momentum else []

    def step(self, images: Tensor, labels: Tensor, watch: "Watch | None" = None) -> Tensor:
        """One step of gradient descent along the gradient of the batch's mean cross-entropy.

        Takes standardised images (n, channels, height, width) and their labels (n,); gives the logits (n, classes) from
        before the step. `watch` is shown every layer, on the way back.
        """
        logits, tape = self._forward(images)
        gradient = gradient_in(logits, labels)
        velocities = list(self.velocities)
        for number in reversed(range(len(self.layers))):
            layer, kept, found = self.layers[number], tape.pop(), None
            if number >= self.first:
                gradient, found = layer.backward(gradient, kept)
            if watch:
                watch(number, layer, kept, found)
            if self.momentum:
                its = [velocities.pop() for _ in layer.parameters][::-1]
                layer.descend_with_momentum(found, self.learning_rate, its, self.momentum)
            else:
                layer.descend(found, self.learning_rate)
        return logits

    def predict(self, images: Tensor) -> Tensor:
        """The logits (n, classes) of standardised images in evaluation mode: batch normalisation by its running
        moments, no dropout."""
        values = images
        for layer in self.layers:
            values = layer.evaluate(values)
        return values

    def _forward(self, values: Tensor) -> tuple[Tensor, list[Any]]:
        """The logits, and per layer what its backward pass needs."""
        tape = []
        for layer in self.layers:
            values, kept = layer.forward(values)
            tape.append(kept)
        return values, tape


def gradient_in(logits: Tensor, labels: Tensor) -> Tensor:
    """The gradient of the mean cross-entropy in the logits: what the network makes probable less what is right."""
    right = _identity(logits.shape[1]).index_select(0, labels)
    return torch.softmax(logits, 1).sub_(right).div_(len(labels))


@lru_cache
def _identity(size: int) -> Tensor:
    """Row k holds the probabilities that are right for an image of class k."""
    return torch.eye(size)


class Layer:
    """One layer. What `forward` keeps, `backward` needs; what `backward` finds, `gradients` and `descend` understand.

    `parameters` are the module's own tensors. Where `passes_back` is off nothing before the layer learns, and what
    `backward` gives as the gradient in its input has no meaning.
    """

    def __init__(self, module: nn.Module) -> None:
        self.parameters = [parameter.detach() for parameter in module.parameters()]
        self.passes_back = True

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        """The layer's output, and what is to be kept for `backward`."""
        raise NotImplementedError

    def evaluate(self, values: Tensor) -> Tensor:
        """The layer's output in evaluation mode: for most kinds the same."""
        return self.forward(values)[0]

    def backward(self, gradient: Tensor, kept: Any) -> tuple[Tensor, Any]:
        """From the loss's gradient in the output to that in the input, and what it found about the parameters."""
        raise NotImplementedError

    def gradients(self, found: Any) -> list[Tensor]:
        """The loss's gradient in each of the parameters. A layer without any finds nothing."""
        return found or []

    def descend(self, found: Any, learning_rate: float) -> None:
        """Move each parameter against its gradient."""
        for parameter, gradient in zip(self.parameters, self.gradients(found), strict=True):
            parameter.sub_(gradient, alpha=learning_rate)

    def descend_with_momentum(
        self, found: Any, learning_rate: float, velocities: list[Tensor], momentum: float
    ) -> None:
        """Move each parameter along its velocity, which keeps the share `momentum` of what it was."""
        for parameter, velocity, gradient in zip(self.parameters, velocities, self.gradients(found), strict=True):
            parameter.sub_(velocity.mul_(momentum).add_(gradient), alpha=learning_rate)


Watch = Callable[[int, Layer, Any, Any], None]
"""Is told, on the way back, a layer's number from 0, the layer, what it kept and what it found."""


class _Conv(Layer):
    def __init__(self, module: nn.Conv2d) -> None:
        super().__init__(module)
        self.weight = self.parameters[0]
        self.bias = self.parameters[1] if len(self.parameters) > 1 else None
        self.places = (module.stride, module.padding, module.dilation, False, (0, 0), module.groups)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        return _convolution(values, self.weight, self.bias, *self.places), values

    def backward(self, gradient: Tensor, kept: Any) -> tuple[Tensor, Any]:
        # The kernel can sum the gradient up for the biases too, but takes seven times as long as Tensor.sum.
        wanted = (self.passes_back, True, False)
        before, weights, _ = _convolution_backward(gradient, kept, self.weight, None, *self.places, wanted)
        return before, (weights, gradient)

    def gradients(self, found: Any) -> list[Tensor]:
        weights, gradient = found
        return [weights] if self.bias is None else [weights, gradient.sum((0, 2, 3))]


class _FirstConv(Layer):
    """A network's first convolution, of images with one channel: its windows are so small that to unfold them and to
    multiply matrices takes two thirds of the time of the convolution's own kernels. Nothing passes back."""

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
        """Put the images into a frame of zeros, which is kept from batch to batch."""
        count, _, height, width = images.shape
        if len(self.padded) != count:
            self.padded = images.new_zeros(count, height + 2 * self.padding, width + 2 * self.padding)
            self.windows = self._windows()
            self.inside = self.padded[:, self.padding : self.padding + height, self.padding : self.padding + width]
        self.inside.copy_(images[:, 0])

    def _windows(self) -> Tensor:
        """What each place of the kernel sees: a view (kernel height, kernel width, n, height, width)."""
        images, height, width = self.padded.shape
        reach = self.dilation * (self.kernel_size - 1)
        across = [(side - reach - 1) // self.stride + 1 for side in (height, width)]
        return self.padded.as_strided(
            (self.kernel_size, self.kernel_size, images, *across),
            (self.dilation * width, self.dilation, height * width, self.stride * width, self.stride),
        )

    def backward(self, gradient: Tensor, kept: Any) -> tuple[Tensor, Any]:
        return gradient, (kept, gradient.permute(0, 2, 3, 1).reshape(-1, gradient.shape[1]))

    def gradients(self, found: Any) -> list[Tensor]:
        columns, rows = found
        weight = (columns @ rows).t().reshape(self.parameters[0].shape)
        return [weight, rows.sum(0)][: len(self.parameters)]


class _Linear(Layer):
    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        return functional.linear(values, *self.parameters), values

    def backward(self, gradient: Tensor, kept: Any) -> tuple[Tensor, Any]:
        before = gradient @ self.parameters[0] if self.passes_back else gradient
        return before, (gradient, kept)

    def gradients(self, found: Any) -> list[Tensor]:
        gradient, values = found
        return [gradient.t() @ values, gradient.sum(0)][: len(self.parameters)]

    def descend(self, found: Any, learning_rate: float) -> None:
        gradient, values = found
        # The product goes into the weights as it is made: half the memory traffic of making it first.
        self.parameters[0].addmm_(gradient.t(), values, alpha=-learning_rate)
        for bias in self.parameters[1:]:
            bias.sub_(gradient.sum(0), alpha=learning_rate)


class _BatchNorm(Layer):
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

    def backward(self, gradient: Tensor, kept: Any) -> tuple[Tensor, Any]:
        norm, (values, *moments) = self.module, kept
        before, *found = _batch_norm_backward(
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
        return before, found


class _MaxPool(Layer):
    def __init__(self, module: nn.MaxPool2d) -> None:
        super().__init__(module)
        self.window = ([module.kernel_size] * 2, [module.stride] * 2, [module.padding] * 2, [1, 1], False)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        largest, places = _max_pool(values, *self.window)
        return largest, (values, places)

    def backward(self, gradient: Tensor, kept: Any) -> tuple[Tensor, Any]:
        values, places = kept
        return _max_pool_backward(gradient, values, *self.window, places), None


class _AvgPool(Layer):
    def __init__(self, module: nn.AvgPool2d) -> None:
        super().__init__(module)
        self.window = ([module.kernel_size] * 2, [module.stride] * 2, [module.padding] * 2, False, True)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        return _avg_pool(values, *self.window), values

    def backward(self, gradient: Tensor, kept: Any) -> tuple[Tensor, Any]:
        return _avg_pool_backward(gradient, kept, *self.window, None), None


class _Flatten(Layer):
    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        return values.flatten(1), values.shape

    def backward(self, gradient: Tensor, kept: Any) -> tuple[Tensor, Any]:
        images = gradient.view(kept)
        # A pooling whose gradient comes in the other layout takes ten times as long.
        return images.contiguous(memory_format=torch.channels_last) if images.dim() == 4 else images, None


class _Dropout(Layer):
    def __init__(self, module: nn.Dropout, generator: torch.Generator) -> None:
        super().__init__(module)
        self.share_kept = 1 - module.p
        self.generator = generator

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        # What is kept is enlarged, so that the mean stays; where nothing is kept, nothing is.
        scale = 1 / self.share_kept if self.share_kept else 0.0
        mask = torch.empty_like(values).bernoulli_(self.share_kept, generator=self.generator).mul_(scale)
        return values * mask, mask

    def evaluate(self, values: Tensor) -> Tensor:
        return values

    def backward(self, gradient: Tensor, kept: Any) -> tuple[Tensor, Any]:
        return gradient * kept, None


class Activation(Layer):
    """An elementwise nonlinearity, worked out in place where its derivative follows from its output: on images this
    small the memory that a step touches decides how long it takes. `may_overwrite` is whether nobody needs what it is
    given any more."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self.function, self.chain, self.from_output = _ACTIVATIONS[type(module)]
        self.may_overwrite = True

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        if not self.from_output:
            return self.function(values), values
        output = self.function(values if self.may_overwrite else values.clone())
        return output, output

    def backward(self, gradient: Tensor, kept: Any) -> tuple[Tensor, Any]:
        return self.chain(gradient, kept), None

    def derivative(self, kept: Any) -> Tensor:
        """f'(x) for every value x that the forward pass was given which kept this, in its shape."""
        return self.chain(torch.ones_like(kept), kept)


_Function = Callable[[Tensor], Tensor]
_Chain = Callable[[Tensor, Tensor], Tensor]

# Each activation y = f(x) with its part of the chain rule: from the gradient in y to that in x, given y where that is
# all it takes, and otherwise x; and which of the two it is given.
_ACTIVATIONS: dict[type[nn.Module], tuple[_Function, _Chain, bool]] = {
    nn.ReLU: (torch.relu_, lambda g, y: _aten.threshold_backward.grad_input(g, y, 0, grad_input=g), True),
    nn.Sigmoid: (torch.sigmoid_, lambda g, y: _aten.sigmoid_backward.grad_input(g, y, grad_input=g), True),
    nn.Tanh: (torch.tanh_, lambda g, y: _aten.tanh_backward.grad_input(g, y, grad_input=g), True),
    nn.LeakyReLU: (functional.leaky_relu_, lambda g, y: _aten.leaky_relu_backward.default(g, y, 0.01, True), True),
    nn.ELU: (functional.elu_, lambda g, y: _aten.elu_backward.default(g, 1, 1, 1, True, y), True),
    nn.GELU: (functional.gelu, lambda g, x: _aten.gelu_backward.default(g, x), False),
    nn.SiLU: (functional.silu, lambda g, x: _aten.silu_backward.default(g, x), False),
    nn.Softplus: (functional.softplus, lambda g, x: _aten.softplus_backward.default(g, x, 1, 20), False),
    nn.Identity: (lambda x: x, lambda g, _x: g, False),
}

_LAYERS: dict[type[nn.Module], Callable[..., Layer]] = {
    nn.Conv2d: _Conv,
    nn.Linear: _Linear,
    nn.BatchNorm1d: _BatchNorm,
    nn.BatchNorm2d: _BatchNorm,
    nn.MaxPool2d: _MaxPool,
    nn.AvgPool2d: _AvgPool,
    nn.Flatten: _Flatten,
    **dict.fromkeys(_ACTIVATIONS, Activation),
}


def _layers(network: nn.Sequential, generator: torch.Generator) -> list[Layer]:
    """One layer per module, each as its place in the network allows."""
    layers: list[Layer] = []
    for module in network:
        match module:
            case nn.Conv2d() if not layers and module.in_channels == 1:
                layer: Layer = _FirstConv(module)
            case nn.Dropout():
                layer = _Dropout(module, generator)
            case _:
                layer = _LAYERS[type(module)](module)
        if isinstance(layer, Activation):
            layer.may_overwrite = not _is_needed(layers)
        layer.passes_back = any(earlier.parameters for earlier in layers)
        layers.append(layer)
    return layers


def _is_needed(layers: list[Layer]) -> bool:
    """Whether what these layers put out is, in memory, the images, which are not ours to change, or an activation's
    output, which its own backward pass needs: Flatten, and in evaluation Dropout, give on what they are given."""
    beneath = next((layer for layer in reversed(layers) if not isinstance(layer, _Flatten | _Dropout)), None)
    return beneath is None or isinstance(beneath, Activation)
