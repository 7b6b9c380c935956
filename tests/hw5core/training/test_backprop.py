"""Backpropagation by hand gives autograd's numbers: every layer kind and every activation, in double precision."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from hw5core.errors import ArchitectureError
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.layers import KINDS, Flatten
from hw5core.network.notation import parse, read_layer
from hw5core.training.backprop import Backprop
from hw5core.training.kernels import ActivationKernel
from tests.autograd import (
    RATE,
    assert_trains_as_with_autograd,
    double_network,
    random_batch,
    steps_by_autograd,
    steps_by_hand,
    with_logits,
)
from tests.strategies import architectures


def _is_stable(architecture: Architecture) -> bool:
    """Batch normalisation of a single value per channel amplifies rounding errors."""
    return all(row.output_shape[1:] != (1, 1) for row in count(architecture).rows)


@pytest.mark.slow
@settings(max_examples=60)
@given(architectures(most_layers=6).filter(_is_stable), st.sampled_from([0.0, 0.9]))
def test_any_network_trains_as_with_autograd(architecture: Architecture, momentum: float) -> None:
    assert_trains_as_with_autograd(with_logits(architecture), momentum=momentum)


@pytest.mark.parametrize(
    "network",
    [
        "1x12x12 conv3k3p1 relu avgpool2 conv4k3p1 sigmoid avgpool2 flatten linear4",
        "1x12x12 conv3k3s2p2d2 relu maxpool2 flatten linear4",
        "1x12x12 conv3k3nobias bn relu flatten linear5nobias bn tanh dropout0.5 linear4",
        "2x12x12 conv4k3g2 relu dropout0.3 maxpool3s2p1 flatten linear4",
        "1x6x6 avgpool2 relu sigmoid flatten relu linear4",
        "1x6x6 relu flatten linear4 sigmoid identity sigmoid",
        "1x6x6 flatten dropout1 linear4",
        "1x6x6 dropout0.5 relu flatten linear4",
        "2x7x8 conv4k3x2s1x2 relu maxpool3x2s2ceil conv4k2psame prelu avgpool2ceil flatten linear4",
        "2x7x8 conv4k3 lrn3 relu gn2 dropout0.4 adaptiveavgpool3x2 relu flatten gn6 linear4",
        "2x7x8 conv4k3 logsoftmax relu dropout0.4 conv4k2psame softmax dropout0.4 relu flatten linear4",
        "2x7x8 convt4k4s2p1o1 relu dropout0.4 convt6k3x2s2x1o1x0d1x2g2nobias maxpool2 flatten linear4",
        "2x7x8 gn1 prelu conv4k2psamenobias relu flatten prelu linear4",
    ],
)
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_unusual_combinations_of_layers_train_as_with_autograd(network: str, momentum: float) -> None:
    assert_trains_as_with_autograd(parse(network), images=4, momentum=momentum, steps=3)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_its_derivative_agree_with_pytorch(activation: str) -> None:
    module = getattr(nn, ACTIVATIONS[activation].torch_module)()
    values = torch.linspace(-6, 6, 241, dtype=torch.float64)
    inputs = values.clone().requires_grad_()
    module(inputs).sum().backward()
    kernel = ActivationKernel(module)
    output, saved = kernel.forward(values.clone())
    torch.testing.assert_close(output, module(values))
    torch.testing.assert_close(kernel.activated(saved)[1], inputs.grad)


def test_batches_of_different_sizes_train_as_with_autograd() -> None:
    """The last batch of an epoch may be smaller, and the first convolution reuses a frame for its images."""
    architecture = parse("1x12x12 conv3k3p1 relu flatten linear4")
    ours = double_network(architecture)
    theirs = copy.deepcopy(ours)
    for images in (5, 2, 5):
        inputs, labels = random_batch(architecture, images)
        steps_by_hand(ours, inputs, labels)
        steps_by_autograd(theirs, inputs, labels)
    torch.testing.assert_close(ours[0].weight, theirs[0].weight, rtol=1e-9, atol=1e-12)


def test_a_hook_sees_every_layer_and_changes_nothing() -> None:
    architecture = parse("1x12x12 relu conv3k3 relu flatten linear4")
    seen = []
    with torch.no_grad():
        hooked, plain = double_network(architecture), double_network(architecture)
        inputs, labels = random_batch(architecture, 3)
        Backprop(hooked, RATE).step(inputs, labels, lambda number, *_: seen.append(number))
        Backprop(plain, RATE).step(inputs, labels)
    assert seen == [4, 3, 2, 1, 0]
    assert all(torch.equal(one, other) for one, other in zip(hooked.parameters(), plain.parameters(), strict=True))


@pytest.mark.parametrize("word", [word for kind in KINDS for word in kind.menu()])
def test_every_layer_in_the_menu_can_be_trained(word: str) -> None:
    layer = read_layer(word)
    before = () if count(Architecture((1, 4, 4), (layer,))).misfit is None else (Flatten(),)
    assert_trains_as_with_autograd(with_logits(Architecture((1, 4, 4), (*before, layer))))


def test_a_layer_without_a_kernel_is_named() -> None:
    with pytest.raises(ArchitectureError, match="Softsign cannot be trained"):
        Backprop(nn.Sequential(nn.Flatten(), nn.Softsign()), RATE)
