"""The receptive field is the rectangle of input pixels with a gradient from one output value."""

import pytest
import torch
from torch import nn

from hw5core.network.architecture import Architecture
from hw5core.network.counting import count, receptive_patch
from hw5core.network.notation import parse
from hw5core.training.modules import build


@pytest.mark.parametrize(
    "text",
    [
        "1x64x64 conv1k3",
        "1x64x64 conv1k5s2 relu conv1k3",
        "1x64x64 conv1k3d3 avgpool2 conv1k2s2",
        "1x64x64 avgpool3s2 conv1k4 identity conv1k3d2",
        "1x64x64 conv1k3 adaptiveavgpool1",
        "1x63x64 conv1k3s2 adaptiveavgpool7x4 prelu conv1k3p1",
        "1x8x8 adaptiveavgpool20 conv1k3",
        "1x64x64 conv1k3s2 convt1k4s2p1 conv1k3",
        "1x64x64 conv1k3s2 convt1k2s2 convt1k3x5s2x1o1x0 conv1k1x3",
        "1x64x64 convt1k3d2 avgpool2",
        "1x64x64 conv1k3x5s1x2d2x1 avgpool2x3 conv1k1x4psame avgpool3s2ceil",
    ],
)
def test_one_output_value_depends_on_a_rectangle_of_that_size(text: str) -> None:
    architecture = parse(text)
    network = build(architecture).double()
    for parameter in network.parameters():
        torch.nn.init.constant_(parameter, 1.0)  # nothing cancels, so every pixel in the field has a gradient
    # Where windows are spread unevenly, the largest field counts. It is among 4 x 4 values.
    sides = [_seen(network, architecture, row, column) for row in range(4) for column in range(4)]
    assert count(architecture).rows[-1].receptive_field == (
        max(side[0] for side in sides),
        max(side[1] for side in sides),
    )


@pytest.mark.parametrize(
    "text",
    [
        "1x9x8 conv1k3 relu conv1k3p1",
        "1x12x12 conv1k5s2p2 avgpool2 conv1k1p1",
        "1x9x11 conv1k3s2p1d2 adaptiveavgpool4x3",
        "1x5x4 convt1k4s2p1 conv1k3",
        "1x5x5 convt1k2s3d2 bn",
        "1x4x4 convt1k3s4 flatten identity",
        "1x8x6 conv1k2x3psame avgpool3s2ceil flatten",
        "1x6x6 conv2k3 gn2",
        "1x6x6 conv1k3 flatten linear3 relu",
    ],
)
def test_each_output_value_depends_on_its_patch(text: str) -> None:
    counted = count(parse(text))
    network = build(counted.architecture).double().eval()
    for name, parameter in network.named_parameters():
        torch.nn.init.uniform_(parameter, 1, 2) if "weight" in name else torch.nn.init.zeros_(parameter)
    pixels = torch.rand(1, *counted.architecture.input_shape, dtype=torch.double, requires_grad=True)
    output = network(pixels)
    for place in torch.ones_like(output[0]).nonzero().tolist():
        (gradient,) = torch.autograd.grad(output[(0, *place)], pixels, retain_graph=True)
        spans = [one.tolist() for one in torch.nonzero(gradient[0, 0], as_tuple=True)]
        (top, bottom), (left, right) = receptive_patch(counted, len(counted.rows), tuple(place))
        if spans[0]:
            expected = [(min(one), max(one)) for one in spans]
            assert [(top, bottom), (left, right)] == expected, place
        else:
            assert bottom < top or right < left, place


def _seen(network: nn.Module, architecture: Architecture, row: int, column: int) -> tuple[int, int]:
    """Return height and width of the pixels with a gradient from an output value near the middle of the image."""
    pixels = torch.ones(1, *architecture.input_shape, dtype=torch.double, requires_grad=True)
    output = network(pixels)
    _, _, height, width = output.shape
    output[0, 0, (height // 2 + row) % height, (width // 2 + column) % width].backward()
    assert pixels.grad is not None
    rows, columns = torch.nonzero(pixels.grad[0, 0], as_tuple=True)
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


def test_a_linear_layer_depends_on_the_whole_input() -> None:
    rows = count(parse("1x28x28 conv1k3 flatten linear5 relu")).rows
    assert [row.receptive_field for row in rows] == [(3, 3), (3, 3), None, None]
