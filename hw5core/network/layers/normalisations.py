"""Normalisations, and dropout."""

from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

from hw5core.errors import ArchitectureError, ShapeError
from hw5core.network.base_layer import (
    REQUIRED,
    Arguments,
    Layer,
    Parameters,
    ReceptiveField,
    Shape,
    image_shape,
    parameters,
)
from hw5core.network.fields import MAX_CHANNELS, number
from hw5core.network.layers.groups import group_choices, or_list
from hw5core.network.windows import fitting_groups

_MAX_NEIGHBOURS = 512


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation with a learnt scale and shift per channel (per feature after a flatten)."""

    word = "bn"
    title = "batch normalisation"
    example = "bn"
    also_called = ("batchnorm", "norm")
    torch_name = "BatchNorm2d"
    torch_parameters = parameters(
        num_features=REQUIRED, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, bias=True
    )

    def weights(self, input_shape: Shape) -> int:
        return input_shape[0]

    def biases(self, input_shape: Shape) -> int:
        return input_shape[0]

    def stored(self, input_shape: Shape) -> int:
        return 2 * input_shape[0]  # a running mean and a running variance per channel

    def needs_two_images(self, input_shape: Shape) -> bool:
        # With one value per channel there is nothing to average over.
        return prod(input_shape[1:]) == 1

    def parameter_symbols(self) -> str:
        return r"\text{scales}+\text{shifts}"

    def parameter_arithmetic(self, input_shape: Shape) -> str:
        return f"{input_shape[0]}+{input_shape[0]}"

    def torch_class(self, input_shape: Shape) -> str:
        return "BatchNorm2d" if len(input_shape) == 3 else "BatchNorm1d"

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        return Arguments((input_shape[0],))

    @classmethod
    def torch_calls(cls) -> dict[str, Parameters | None]:
        return dict.fromkeys(("BatchNorm2d", "BatchNorm1d"), cls.torch_parameters)


@dataclass(frozen=True)
class GroupNorm(Layer):
    """Normalisation of each image within groups of its channels, with a learnt scale and shift per channel."""

    word = "gn"
    title = "group normalisation"
    example = "gn8"
    torch_name = "GroupNorm"
    torch_parameters = parameters(num_groups=REQUIRED, num_channels=REQUIRED, eps=1e-05, affine=True, bias=True)
    torch_fields = MappingProxyType({"num_groups": "groups"})

    groups: int = number("groups", 1, MAX_CHANNELS)

    def choices(self, name: str, input_shape: Shape) -> dict[Any, str]:
        return group_choices(self._fitting(input_shape), self.groups) if input_shape else {}

    def _fitting(self, input_shape: Shape) -> list[int]:
        """Return the numbers of groups that divide the channels and leave more than one value in each group."""
        divisors = fitting_groups(input_shape[0], input_shape[0])
        return [groups for groups in divisors if groups < prod(input_shape)] or [1]

    def output_shape(self, input_shape: Shape) -> Shape:
        channels = input_shape[0]
        if channels % self.groups:
            raise ShapeError(
                f"{self.groups} groups must divide the {channels} channels: {or_list(self._fitting(input_shape))} would"
            )
        if self.groups == prod(input_shape):
            raise ShapeError(
                "each group has only one value, and one value alone is always normalised to 0: choose fewer groups"
            )
        return input_shape

    def weights(self, input_shape: Shape) -> int:
        return input_shape[0]

    def biases(self, input_shape: Shape) -> int:
        return input_shape[0]

    def receptive_field(self, before: ReceptiveField | None, input_shape: Shape) -> ReceptiveField | None:
        return None  # the mean of a group is that of the whole image

    def parameter_symbols(self) -> str:
        return r"\text{scales}+\text{shifts}"

    def parameter_arithmetic(self, input_shape: Shape) -> str:
        return f"{input_shape[0]}+{input_shape[0]}"

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        return Arguments((self.groups, input_shape[0]))


@dataclass(frozen=True)
class LocalResponseNorm(Layer):
    """Divides each value by a sum over the same pixel in neighbouring channels, as AlexNet does. No parameters."""

    word = "lrn"
    title = "local response normalisation"
    example = "lrn5"
    torch_name = "LocalResponseNorm"
    torch_parameters = parameters(size=REQUIRED, alpha=0.0001, beta=0.75, k=1.0)
    torch_functions = MappingProxyType({"local_response_norm": torch_parameters})

    size: int = number("channels", 1, _MAX_NEIGHBOURS)

    def output_shape(self, input_shape: Shape) -> Shape:
        return image_shape(self, input_shape)

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        return Arguments((self.size,))


@dataclass(frozen=True)
class Dropout(Layer):
    """Sets each value to zero with this probability during training."""

    word = "dropout"
    title = "dropout"
    example = "dropout0.5"
    torch_name = "Dropout"
    torch_parameters = parameters(p=0.5, inplace=False)
    torch_functions = MappingProxyType({"dropout": parameters(p=0.5, training=True, inplace=False)})
    torch_fields = MappingProxyType({"p": "probability"})

    probability: float = number("probability", 0, 1)

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1 or round(self.probability, 4) != self.probability:
            raise ArchitectureError("a dropout probability lies from 0 to 1 and has at most four decimals")

    def torch_arguments(self, input_shape: Shape) -> Arguments:
        return Arguments((self.probability,))

    @classmethod
    def torch_calls(cls) -> dict[str, Parameters | None]:
        return super().torch_calls() | dict.fromkeys(("Dropout1d", "Dropout2d"), cls.torch_parameters)
