"""The presets agree with torchvision's networks and with the literature."""

import importlib

import pytest
import torch

from hw5core.network.counting import count
from hw5core.network.presets import PRESETS
from tools.torchvision_import import declare_missing_operators


@pytest.mark.parametrize(
    ("preset", "name", "parameters"),
    [
        ("alexnet-torchvision", "alexnet", 61_100_840),
        ("vgg-11", "vgg11", 132_863_336),
        ("vgg-16", "vgg16", 138_357_544),
    ],
)
def test_a_preset_agrees_with_torchvisions_network(preset: str, name: str, parameters: int) -> None:
    declare_missing_operators()
    models = importlib.import_module("torchvision.models")
    with torch.device("meta"):
        network = getattr(models, name)().eval()
        output = network(torch.empty(1, 3, 224, 224))
    counted = count(PRESETS[preset].architecture)
    assert counted.parameters == sum(parameter.numel() for parameter in network.parameters()) == parameters
    # torchvision flattens between the pooling and the classifier with a function.
    modules = [*network.features, network.avgpool, torch.nn.Flatten(), *network.classifier]
    assert [row.name.split("-")[0] for row in counted.rows if row.name[0] != "D"] == [
        type(module).__name__ for module in modules if not isinstance(module, torch.nn.Dropout)
    ]
    assert counted.output_shape == tuple(output.shape[1:])
    shapes = [tuple(parameter.shape) for parameter in network.parameters()]
    assert [row.parameters for row in counted.rows if row.parameters] == [
        torch.Size(weight).numel() + torch.Size(bias).numel()
        for weight, bias in zip(shapes[::2], shapes[1::2], strict=True)
    ]


@pytest.mark.parametrize(
    ("preset", "parameters"),
    [("homework", 3_747_200), ("alexnet-published", 60_965_224), ("lenet-5", 61_706), ("empty", 0)],
)
def test_a_preset_has_the_published_number_of_parameters(preset: str, parameters: int) -> None:
    counted = count(PRESETS[preset].architecture)
    assert counted.misfit is None
    assert counted.parameters == parameters


def test_linear_layers_have_most_of_the_parameters() -> None:
    for name in ("alexnet-published", "alexnet-torchvision", "vgg-11", "vgg-16"):
        counted = count(PRESETS[name].architecture)
        linear = sum(row.parameters for row in counted.rows if row.name.startswith("Linear"))
        assert linear > 0.85 * counted.parameters
