"""Layers from the arguments of PyTorch's classes and functions: the declarations agree with PyTorch."""

import inspect

import pytest
import torch
from hypothesis import given, settings
from torch import nn
from torch.nn import functional

from hw5core.errors import ArchitectureError, PastedTextError
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import REQUIRED, Layer, Parameters
from hw5core.network.counting import count
from hw5core.network.layers import KINDS, AvgPool, Conv, Dropout, Flatten, MaxPool
from hw5core.pasted.binding import bind, with_defaults
from tests.strategies import architectures

CALLS = [(kind, name, parameters) for kind in KINDS for name, parameters in kind.torch_calls().items()]


@pytest.mark.parametrize(("kind", "name", "parameters"), CALLS, ids=[name for _, name, _ in CALLS])
def test_parameters_are_those_of_pytorch(kind: type[Layer], name: str, parameters: Parameters | None) -> None:
    called = getattr(nn, name, None) or getattr(functional, name, None)
    if called is None:  # "identity" is no function of PyTorch, and "flatten" one of torch itself
        assert name in ACTIVATIONS or hasattr(torch, name)
        return
    if parameters is None or inspect.isbuiltin(called):
        return
    theirs = {
        one.name: REQUIRED if one.default is inspect.Parameter.empty else one.default
        for one in inspect.signature(called).parameters.values()
        if one.name not in ("device", "dtype", "input")
    }
    if theirs.keys() == {"args", "kwargs"}:  # a function that hides its signature, such as max_pool2d
        return
    # Older versions of PyTorch lack the last ones.
    assert list(parameters.items())[: len(theirs)] == list(theirs.items())


@pytest.mark.slow
@settings(max_examples=200)
@given(architectures())
def test_each_layer_is_read_back_from_its_arguments(architecture: Architecture) -> None:
    for row in count(architecture).rows:
        name, arguments = row.layer.torch_class(row.input_shape), row.layer.torch_arguments(row.input_shape)
        parameters = type(row.layer).torch_calls()[name] or {}
        given = bind(name, parameters, arguments.positional, arguments.named)
        assert type(row.layer).from_torch(name, with_defaults(parameters, given)) == row.layer


def _read(kind: type[Layer], name: str, *positional: object, **named: object) -> Layer:
    parameters = kind.torch_calls()[name] or {}
    return kind.from_torch(name, with_defaults(parameters, bind(name, parameters, positional, named)))


def test_pytorchs_ways_to_write_the_same_layer_are_read_as_the_same() -> None:
    assert _read(Conv, "Conv2d", 3, 8, (5, 5), padding=(2, 2), bias=0) == Conv(8, 5, padding=2, bias=False)
    assert _read(Conv, "Conv2d", 3, 8, (3, 5), padding="same") == Conv(8, (3, 5), padding="same")
    assert _read(Conv, "Conv2d", 3, 8, (3,), padding="valid") == Conv(8, 3)
    assert _read(MaxPool, "MaxPool2d", (2, 1), ceil_mode=True) == MaxPool((2, 1), (2, 1), ceil_mode=True)
    assert _read(MaxPool, "MaxPool2d", 2) == _read(MaxPool, "max_pool2d", 2, 2) == MaxPool(2, 2)
    assert _read(AvgPool, "avg_pool2d", (3, 3), stride=(1, 1)) == AvgPool(3, 1)
    assert _read(Dropout, "dropout", training=True) == _read(Dropout, "Dropout2d", 0.5, True) == Dropout(0.5)
    assert _read(Dropout, "Dropout", 1) == Dropout(1.0)
    assert _read(Flatten, "flatten", 1) == _read(Flatten, "Flatten") == Flatten()


@pytest.mark.parametrize(
    ("kind", "name", "positional", "named", "message"),
    [
        (Conv, "Conv2d", (3, 8), {}, "Conv2d needs kernel_size"),
        (Conv, "Conv2d", (3, 8, 3), {"kernal_size": 3}, "write kernel_size"),
        (Conv, "Conv2d", (3, 8, 3), {"stride": 0}, "stride must be a whole number from 1"),
        (Conv, "Conv2d", (3, 8, "3"), {}, "kernel_size cannot be 3"),
        (Conv, "Conv2d", (3, 8, 3), {"out_channels": 8}, "gets out_channels twice"),
        (Conv, "Conv2d", (3, 8, (3, 5, 7)), {}, "kernel size must be a whole number"),
        (Conv, "Conv2d", (3, 8, 3), {"padding": "other"}, "padding cannot be other"),
        (Conv, "Conv2d", (3, 8, 3), {"groups": (2, 2)}, "groups cannot be"),
        (MaxPool, "MaxPool2d", (2, 2, 0, 2), {}, "MaxPool2d with dilation=2 is not known here"),
        (Flatten, "flatten", (), {}, "write 1 instead of 0"),
        (Dropout, "Dropout", (2,), {}, "from 0 to 1"),
        (Dropout, "Dropout", (0.5, False, 3), {}, "takes at most 2 arguments"),
    ],
)
def test_a_call_that_cannot_be_expressed_is_refused_with_the_reason(
    kind: type[Layer], name: str, positional: tuple[object, ...], named: dict[str, object], message: str
) -> None:
    with pytest.raises((ArchitectureError, PastedTextError), match=message):
        _read(kind, name, *positional, **named)
