"""What a run's network predicts for a picture: short tasks for a worker. Importing this module loads no torch."""

from typing import Any

from numpy.typing import NDArray

from hw5core.runs.config import RunConfig
from hw5core.runs.records import Checkpoint


def weights_at(config: RunConfig, checkpoint: Checkpoint | None) -> dict[str, NDArray[Any]]:
    """Return the tensors of the run's network at the checkpoint, by PyTorch's names. None is before the first batch."""
    from hw5core.training.exported import tensors_of

    return tensors_of(config, checkpoint)


def predict(config: RunConfig, tensors: dict[str, NDArray[Any]], images: NDArray[Any]) -> NDArray[Any]:
    """Return the probabilities (n, classes) that the network gives to images, uint8 (n, height, width).

    Raise WeightsError if the tensors do not fit the config's network.
    """
    from hw5core.training.exported import probabilities

    return probabilities(config, tensors, images)
