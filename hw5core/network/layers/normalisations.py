"""Normalisations, and dropout."""

from dataclasses import dataclass
from math import prod
from types import MappingProxyType

from hw5core.errors import ArchitectureError
from hw5core.network.base_layer import REQUIRED, Arguments, Layer, Parameters, Shape, number, parameters


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation with a learnt scale and shift per channel (per feature after a flatten)."""

    word = "bn"
    title = "batch normalisation"
    example = "bn"
    torch_name = "BatchNorm2d"
    torch_parameters = parameters(
        num_features=REQUIRED, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, bias=True
    )

    def weights(self, input_shape: Shape) -> int:
        return input_shape[0]

    def biases(self, input_shape: Shape) -> int:
        return input_shape[0]

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
