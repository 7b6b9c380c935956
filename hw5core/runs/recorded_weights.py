"""The weights of the recorded race, shipped with the app: one safetensors file per run and epoch, and one per run with
the weights of its early checkpoints.

`python -m hw5core precompute` writes them together with the recording.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from hw5core.errors import WeightsError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import EARLY_STEPS
from hw5core.runs.weights import Weights, file_name, read_weights, to_bytes

FOLDER = Path(__file__).parent / "recorded_weights"

Tensors = dict[str, NDArray[Any]]
"""The tensors of a network by PyTorch's names."""


def path_of(config: RunConfig, epoch: int, folder: Path = FOLDER) -> Path:
    """Return the path of the weights after this epoch, counted from 0. It only exists for a recorded run."""
    return folder / file_name(config, epoch)


def early_path_of(config: RunConfig, folder: Path = FOLDER) -> Path:
    """Return the path of the run's early weights. It only exists for a recorded run."""
    return folder / f"{config.activation}-{config.run_id}-early.safetensors"


def write(exported: Iterable[Weights], early: Mapping[RunConfig, Mapping[int, Tensors]], folder: Path = FOLDER) -> None:
    """Replace all recorded weights by these: those after epochs, and early ones of each run by number of batches."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.safetensors"):
        old.unlink()
    for weights in exported:
        path_of(weights.config, weights.epoch, folder).write_bytes(to_bytes(weights))
    for config, by_step in early.items():
        tensors = {f"{step}/{name}": one for step, of_step in by_step.items() for name, one in of_step.items()}
        early_path_of(config, folder).write_bytes(save(tensors))


def recorded_epochs(config: RunConfig) -> list[int]:
    """Return the epochs of the run whose weights are recorded."""
    return [epoch for epoch in range(config.epochs) if path_of(config, epoch).is_file()]


def recorded_steps(config: RunConfig) -> list[int]:
    """Return after how many batches of the run the weights are recorded."""
    early = list(EARLY_STEPS) if early_path_of(config).is_file() else []
    return early + [(epoch + 1) * config.steps_per_epoch for epoch in recorded_epochs(config)]


def weights_of_recording(config: RunConfig, epoch: int) -> Weights | None:
    """Return the recorded weights of the run after this epoch, or None. Raise WeightsError if they are damaged."""
    path = path_of(config, epoch)
    return read_weights(path) if path.is_file() else None


def tensors_of_recording(config: RunConfig, step: int) -> Tensors | None:
    """Return the recorded tensors after this many batches, or None. Raise WeightsError if they are damaged."""
    epoch, rest = divmod(step, config.steps_per_epoch)
    if not rest:
        weights = weights_of_recording(config, epoch - 1)
        return weights.tensors if weights else None
    path, prefix = early_path_of(config), f"{step}/"
    if not path.is_file():
        return None
    try:
        tensors = load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"The weights in {path} cannot be read: {error}") from error
    return {name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)} or None
