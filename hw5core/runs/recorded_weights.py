"""The weights of the recorded race, shipped with the app: one safetensors file per run and epoch.

`python -m hw5core precompute` writes them together with the recording.
"""

from collections.abc import Iterable
from pathlib import Path

from hw5core.runs.config import RunConfig
from hw5core.runs.weights import Weights, file_name, read_weights, to_bytes

FOLDER = Path(__file__).parent / "recorded_weights"


def path_of(config: RunConfig, epoch: int, folder: Path = FOLDER) -> Path:
    """Return the path of the weights after this epoch, counted from 0. It only exists for a run that is shipped."""
    return folder / file_name(config, epoch)


def write(exported: Iterable[Weights], folder: Path = FOLDER) -> None:
    """Replace all shipped weights by these."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.safetensors"):
        old.unlink()
    for weights in exported:
        path_of(weights.config, weights.epoch, folder).write_bytes(to_bytes(weights))


def shipped_epochs(config: RunConfig) -> list[int]:
    """Return the epochs of the run whose weights are shipped."""
    return [epoch for epoch in range(config.epochs) if path_of(config, epoch).is_file()]


def shipped_weights(config: RunConfig, epoch: int) -> Weights | None:
    """Return the shipped weights of the run after this epoch, or None. Raise WeightsError if they are damaged."""
    path = path_of(config, epoch)
    return read_weights(path) if path.is_file() else None
