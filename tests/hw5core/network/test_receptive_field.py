"""The receptive field is the rectangle of input pixels with a gradient from one output value."""

import pytest
import torch

from hw5core.network.counting import count
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
        "1x64x64 conv1k3x5s1x2d2x1 avgpool2x3 conv1k1x4psame avgpool3s2ceil",
    ],
)
def test_one_output_value_depends_on_a_rectangle_of_that_size(text: str) -> None:
    architecture = parse(text)
    network = build(architecture).double()
    for parameter in network.parameters():
        torch.nn.init.constant_(parameter, 1.0)  # nothing cancels, so every pixel in the field has a gradient
    pixels = torch.ones(1, *architecture.input_shape, dtype=torch.double, requires_grad=True)
    output = network(pixels)
    output[0, 0, output.shape[2] // 2, output.shape[3] // 2].backward()
    assert pixels.grad is not None
    rows, columns = torch.nonzero(pixels.grad[0, 0], as_tuple=True)
    seen = tuple(int(places.max() - places.min()) + 1 for places in (rows, columns))
    assert count(architecture).rows[-1].receptive_field == seen


def test_a_linear_layer_depends_on_the_whole_input() -> None:
    rows = count(parse("1x28x28 conv1k3 flatten linear5 relu")).rows
    assert [row.receptive_field for row in rows] == [(3, 3), (3, 3), None, None]
