"""An input shape and the layers it passes through, as one immutable value.

Whether the layers fit their inputs is decided by `counting.count`, layer by layer.
"""

from dataclasses import dataclass, replace

from hw5core.errors import ArchitectureError
from hw5core.network.base_layer import Layer
from hw5core.network.fields import Limit

MAX_LAYERS = 100

INPUT_LIMITS = (
    Limit("input channels", 1, 1_000_000),
    Limit("input height", 1, 4_096),
    Limit("input width", 1, 4_096),
)


@dataclass(frozen=True)
class Architecture:
    """An input of (channels, height, width) and the layers that follow.

    Raises ArchitectureError if the input is outside INPUT_LIMITS or there are more than MAX_LAYERS layers.
    """

    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...] = ()

    def __post_init__(self) -> None:
        for size, limit in zip(self.input_shape, INPUT_LIMITS, strict=True):
            limit.check(size)
        if len(self.layers) > MAX_LAYERS:
            raise ArchitectureError(f"a network has at most {MAX_LAYERS} layers, not {len(self.layers):,}")

    def with_activation(self, name: str) -> "Architecture":
        """Return the same network with every activation replaced by the one of this name."""
        return replace(self, layers=tuple(layer.with_activation(name) for layer in self.layers))

    def __str__(self) -> str:
        """Return the one-line form; `notation.parse` reads it back to an equal architecture."""
        return " ".join(["x".join(map(str, self.input_shape)), *map(str, self.layers)])
