"""The counts agree with the homework's table and with PyTorch's modules."""

from math import prod

import pytest
import torch
from hypothesis import given, settings

from hw5core.network.architecture import Architecture
from hw5core.network.counting import count, sizes
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from hw5core.training.modules import build
from tests.strategies import architectures

MEBIBYTE = 2**20

# The sheet's table of question 1.
HOMEWORK_ROWS = [
    ("Conv2d-1", (96, 59, 59), 34_944),
    ("ReLU-2", (96, 59, 59), 0),
    ("Conv2d-3", (256, 57, 57), 614_656),
    ("ReLU-4", (256, 57, 57), 0),
    ("Conv2d-5", (384, 57, 57), 885_120),
    ("ReLU-6", (384, 57, 57), 0),
    ("Conv2d-7", (384, 57, 57), 1_327_488),
    ("ReLU-8", (384, 57, 57), 0),
    ("Conv2d-9", (256, 14, 14), 884_992),
    ("ReLU-10", (256, 14, 14), 0),
]


def test_the_homework_table_is_exact() -> None:
    counted = count(PRESETS["homework"].architecture)
    assert [(row.name, row.output_shape, row.parameters) for row in counted.rows] == HOMEWORK_ROWS
    assert counted.parameters == 3_747_200


def test_the_homework_sizes_are_exact() -> None:
    four = sizes(count(PRESETS["homework"].architecture))
    shown = [f"{value / MEBIBYTE:.2f}" for value in (four.input, four.forward_backward, four.parameters, four.total)]
    assert shown == ["0.68", "56.63", "14.29", "71.61"]


@settings(max_examples=150)
@given(architectures())
def test_every_layer_agrees_with_its_module(architecture: Architecture) -> None:
    counted = count(architecture)
    with torch.device("meta"):
        network = build(architecture).eval()
        values = torch.empty(2, *architecture.input_shape)
    for row, module in zip(counted.rows, network, strict=True):
        values = module(values)
        assert row.output_shape == tuple(values.shape[1:])
        assert row.parameters == sum(parameter.numel() for parameter in module.parameters())
        # A batch normalisation also has one number for all channels: how many batches it has seen.
        assert row.stored == sum(buffer.numel() for buffer in module.buffers() if buffer.is_floating_point())
        assert row.name.split("-")[0] == type(module).__name__
    assert counted.parameters == sum(parameter.numel() for parameter in network.parameters())


def test_the_sizes_of_a_batch_contain_the_parameters_once() -> None:
    one = sizes(count(PRESETS["homework"].architecture))
    batch = one.for_batch(32)
    assert (batch.input, batch.forward_backward) == (32 * one.input, 32 * one.forward_backward)
    assert (batch.parameters, batch.total) == (one.parameters, 32 * (one.input + one.forward_backward) + one.parameters)


@settings(max_examples=50)
@given(architectures())
def test_each_output_is_the_next_input_and_totals_are_sums(architecture: Architecture) -> None:
    counted = count(architecture)
    shapes = [architecture.input_shape, *(row.output_shape for row in counted.rows)]
    assert [row.input_shape for row in counted.rows] == shapes[:-1]
    assert counted.parameters == sum(row.weights + row.biases for row in counted.rows)
    assert sizes(counted).forward_backward == 8 * sum(prod(shape) for shape in shapes[1:])


@pytest.mark.parametrize(
    ("text", "number", "message"),
    [
        ("3x7x7 relu conv8k11", 2, "kernel 11 does not fit a 7x7 input: padding 2 or more, or kernel 7 or less"),
        (
            "3x7x7 conv8k4d3",
            1,
            "kernel 4 dilated by 3 does not fit a 7x7 input: padding 2 or more, or kernel 3 or less",
        ),
        ("3x7x7 conv8k3g2", 1, "2 groups must divide both the 3 channels that come in and the 8 that go out"),
        ("3x7x9 conv8k9x11", 1, "kernel 9x11 does not fit a 7x9 input: padding 1 or more, or kernel 7x9 or less"),
        ("3x7x20 conv8k9d1x2", 1, "kernel 9 dilated by 1x2 does not fit"),
        ("3x7x7 conv8k1x9d1x2p0x3", 1, "with padding 0x3: padding 0x5 or more, or kernel 1x7 or less"),
        ("3x7x7 maxpool9s2ceil", 1, "padding 1 or more, or kernel 8 or less"),
        ("3x7x7 conv8k3s2psame", 1, "same padding needs stride 1, as in PyTorch"),
        ("3x7x7 maxpool3p2", 1, "padding 1 or less, or kernel 4 or more"),
        ("3x7x7 conv6k1 gn4", 2, "4 groups must divide the 6 channels: 1, 2, 3 or 6 would"),
        ("3x7x7 flatten linear6 gn6", 3, "choose fewer groups"),
        ("3x7x7 flatten lrn5", 2, "local response normalisation needs channels, height and width"),
        ("3x7x7 flatten adaptiveavgpool1", 2, "move it before the flatten"),
        ("3x7x7 convt8k3s2o2", 1, "output padding 1 or less"),
        ("3x1x1 convt8k3p2", 1, "padding 2 leaves nothing of the output: choose a smaller padding"),
        ("3x7x7 convt8k3g2", 1, "2 groups must divide both"),
        ("3x7x7 linear5", 1, "put a flatten before it"),
        ("3x7x7 flatten conv8k1", 2, "a flatten comes before it"),
        ("3x4096x4096 conv1000000k1", 1, "the limit is 1,000,000,000,000"),
    ],
)
def test_a_misfit_names_its_layer_and_the_correction(text: str, number: int, message: str) -> None:
    counted = count(parse(text))
    assert counted.misfit is not None
    assert counted.misfit.number == number
    assert message in counted.misfit.message
    assert len(counted.rows) == number - 1


@pytest.mark.parametrize(
    "corrected",
    [
        "3x7x7 conv8k11p2",
        "3x7x7 conv8k7",
        "3x7x7 conv8k4d3p2",
        "3x7x7 conv8k3d3",
        "3x7x9 conv8k9x11p1",
        "3x7x9 conv8k7x9",
        "3x7x7 conv8k1x9d1x2p0x5",
        "3x7x7 maxpool9s2p1ceil",
        "3x7x7 maxpool8s2ceil",
    ],
)
def test_the_corrections_that_messages_name_fit(corrected: str) -> None:
    assert count(parse(corrected)).misfit is None


def test_a_hundred_billion_parameters_are_counted() -> None:
    counted = count(parse("1x1000x1000 flatten linear100000"))
    assert counted.parameters == 10**6 * 10**5 + 10**5
