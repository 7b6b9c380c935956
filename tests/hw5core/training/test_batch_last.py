"""The kernels with the batch last give the values and gradients of PyTorch's modules, also where values are equal."""

import copy

import pytest
import torch
from torch import Tensor, nn

from hw5core.network.notation import parse
from hw5core.training.backprop import Backprop
from hw5core.training.batch_last import BatchLastConvKernel, BatchLastMaxPoolKernel
from hw5core.training.kernels import (
    ActivationKernel,
    ConvKernel,
    FirstConvKernel,
    FlattenKernel,
    MaxPoolKernel,
)
from hw5core.training.modules import build
from hw5core.training.normalisation import BatchNormKernel
from tests.autograd import RATE, assert_trains_as_with_autograd, double_network, random_batch, steps_by_autograd


def _whole_numbers(*shape: int) -> Tensor:
    """Return whole numbers from -2 to 2, so that windows have equal values and sums of products have no rounding."""
    return torch.randint(-2, 3, shape, generator=torch.Generator().manual_seed(0)).double()


def _forward(backprop: Backprop, values: Tensor) -> tuple[Tensor, list[object]]:
    """Return the logits, and what each layer saved for its backward pass."""
    tape = []
    for kernel in backprop.kernels:
        values, saved = kernel.forward(values)
        tape.append(saved)
    return values, tape


def _by_autograd(network: nn.Module, images: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    """Return the output, and the gradient of the images if that of the output is `slopes`."""
    inputs = images.clone().requires_grad_()
    output = network(inputs)
    output.backward(slopes)
    assert inputs.grad is not None
    return output.detach(), inputs.grad


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("size", [(2, 2), (6, 8), (7, 6), (6, 7), (5, 5)])
def test_the_gradient_of_equal_values_goes_to_the_same_pixel_as_in_pytorch(count: int, size: tuple[int, int]) -> None:
    convolution, pool = nn.Conv2d(2, 3, 1).double(), nn.MaxPool2d(2)
    images = _whole_numbers(count, 3, *size)
    slopes = (
        torch.arange(1.0, count * 3 * (size[0] // 2) * (size[1] // 2) + 1).double().view(count, 3, size[0] // 2, -1)
    )
    source = BatchLastConvKernel(convolution)
    kernel = BatchLastMaxPoolKernel(pool, source)
    output, saved = kernel.forward(images)
    gradient, _ = kernel.backward(slopes, saved)
    torch.testing.assert_close((output, gradient), _by_autograd(pool, images, slopes), rtol=0, atol=0)


@pytest.mark.parametrize(
    "network",
    ["1x7x8 conv3k2 relu maxpool2", "1x8x9 conv3k2 maxpool2", "1x8x8 conv3k3 maxpool2", "2x9x9 conv3k3 relu maxpool2"],
)
def test_a_first_convolution_and_its_pooling_agree_on_the_order_of_the_columns(network: str) -> None:
    """With whole numbers, the results are equal bit for bit, whichever value of a window the gradient goes to."""
    theirs = build(parse(network)).double()
    for parameter in theirs.parameters():
        parameter.data = _whole_numbers(*parameter.shape)
    images = _whole_numbers(4, *parse(network).input_shape)
    with torch.no_grad():
        backprop = Backprop(theirs, 0.0)
        values, tape = _forward(backprop, images)
    slopes = _whole_numbers(*values.shape)
    expected = theirs(images)
    expected.backward(slopes)
    gradient = slopes
    with torch.no_grad():
        for kernel in reversed(backprop.kernels):
            gradient, grads = kernel.backward(gradient, tape.pop())
    assert torch.equal(values, expected)
    ours = backprop.kernels[0].parameter_grads(grads)
    assert all(torch.equal(one, parameter.grad) for one, parameter in zip(ours, theirs[0].parameters(), strict=True))


@pytest.mark.parametrize(
    ("network", "kinds"),
    [
        ("1x9x9 conv4k3 maxpool2", [BatchLastConvKernel, BatchLastMaxPoolKernel]),
        ("1x9x9 conv4k3 maxpool2 maxpool2", [BatchLastConvKernel, BatchLastMaxPoolKernel, BatchLastMaxPoolKernel]),
        ("1x9x9 conv4k3 maxpool3", [BatchLastConvKernel, MaxPoolKernel]),
        ("1x9x9 conv4k3 maxpool2s1", [BatchLastConvKernel, MaxPoolKernel]),
        ("1x9x9 conv4k3p1 maxpool2", [FirstConvKernel, MaxPoolKernel]),
        ("2x9x9 conv4k3p1 maxpool2", [ConvKernel, MaxPoolKernel]),
        ("2x9x9 conv4k3 flatten", [BatchLastConvKernel, FlattenKernel]),
        ("2x9x9 conv4k3s2 flatten", [ConvKernel, FlattenKernel]),
        ("2x9x9 conv4k3d2 flatten", [ConvKernel, FlattenKernel]),
        ("2x9x9 conv4k3g2 flatten", [ConvKernel, FlattenKernel]),
        ("2x9x9 conv32k3 flatten", [ConvKernel, FlattenKernel]),
        ("2x9x9 conv4k3 relu bn", [ConvKernel, ActivationKernel, BatchNormKernel]),
        (
            "2x9x9 conv4k3 relu maxpool2 bn",
            [BatchLastConvKernel, ActivationKernel, BatchLastMaxPoolKernel, BatchNormKernel],
        ),
        ("1x9x9 maxpool2", [MaxPoolKernel]),
    ],
)
def test_only_small_plain_layers_use_these_kernels(network: str, kinds: list[type]) -> None:
    assert [type(kernel) for kernel in Backprop(build(parse(network)), 0.1).kernels] == kinds


@pytest.mark.parametrize(
    "network",
    [
        "1x28x28 conv10k5 relu maxpool2 conv20k5 relu maxpool2 flatten linear50 relu linear4",
        "1x13x14 conv3k3 sigmoid maxpool2 conv4k2nobias sigmoid maxpool2 flatten linear4",
        "2x12x13 conv3k3 gelu maxpool2 conv2k1 avgpool2 flatten linear4",
        "2x10x10 conv3k3 bn relu dropout0.4 maxpool2 conv4k3p1 relu maxpool2 flatten linear4",
        "1x12x12 conv3k3 maxpool2 bn dropout0.4 maxpool2 flatten dropout0.4 linear4",
        "1x12x12 conv3k3 maxpool2 sigmoid maxpool2 flatten relu linear4",
        "1x12x12 conv3k3 sigmoid maxpool2 flatten relu linear4",
        "1x13x12 conv3k3 relu avgpool2 conv4k2 relu avgpool3s2p1 flatten linear4",
        "1x12x12 conv3k3 relu maxpool2 bn conv3k3 relu dropout0.4 conv3k2 avgpool2s1 flatten linear4",
        "1x12x12 conv3k3 elu tanh maxpool2 sigmoid conv3k3 gelu maxpool2 flatten linear4",
        "1x12x12 bn conv3k3 relu maxpool2 conv40k3 relu conv3k3 flatten linear4",
    ],
)
@pytest.mark.parametrize(("images", "momentum"), [(5, 0.0), (4, 0.9), (1, 0.0)])
def test_networks_with_these_kernels_train_as_with_autograd(network: str, images: int, momentum: float) -> None:
    assert_trains_as_with_autograd(parse(network), images=images, momentum=momentum, steps=3)


@pytest.mark.parametrize("layers", ["conv3k3 relu maxpool2", "conv3k3 gelu maxpool2", "conv3k2 maxpool2", "conv3k3"])
def test_batches_of_different_sizes_train_as_with_autograd(layers: str) -> None:
    """The kernels use their memory again, and the last batch of an epoch may be smaller."""
    architecture = parse(f"1x12x12 {layers} conv4k3 relu maxpool2 flatten linear4")
    ours = double_network(architecture)
    theirs = copy.deepcopy(ours)
    backprop = Backprop(ours, RATE)
    for number, count in enumerate((5, 5, 2, 5, 3)):
        images, labels = random_batch(architecture, count)
        images = images + number
        with torch.inference_mode():
            backprop.step(images, labels)
        steps_by_autograd(theirs, images, labels)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("network", ["1x6x6 conv4k6 flatten", "1x6x6 conv4k5 maxpool2 flatten", "1x6x6 conv4k6"])
def test_logits_stay_when_the_next_batch_is_predicted(network: str) -> None:
    """The layers before them overwrite their results, and a flatten of single pixels copies nothing."""
    module = build(parse(network)).double()
    one, other = (torch.randn(3, 1, 6, 6, dtype=torch.float64) for _ in range(2))
    expected = [module(images).detach() for images in (one, other)]
    with torch.inference_mode():
        backprop = Backprop(module, RATE)
        logits = [backprop.predict(images) for images in (one, other)]
    torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "elu", "gelu"])
@pytest.mark.parametrize("layers", ["maxpool2", "maxpool2 flatten", "maxpool3"])
def test_an_activation_before_a_pooling_has_the_derivative_of_all_its_values(activation: str, layers: str) -> None:
    """The pooling may compute the activation, but the share of saturated units is that of all units."""
    network = build(parse(f"1x8x9 conv3k3 {activation} {layers}")).double()
    images = random_batch(parse("1x8x9 flatten"), 4)[0]
    before = network[0](images).detach().requires_grad_()
    network[1](before).sum().backward()
    assert before.grad is not None
    with torch.no_grad():
        backprop = Backprop(network, 0.0)
        values, tape = _forward(backprop, images)
        torch.testing.assert_close(values, network(images))
        activated = backprop.kernels[1].activated(tape[1])
    assert activated
    torch.testing.assert_close(activated[1].flatten().sort().values, before.grad.flatten().sort().values)
