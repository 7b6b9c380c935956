"""The command `export`: writes the weights of a run to a safetensors file."""

import argparse
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hw5core import home
from hw5core.errors import WeightsError
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded_weights import recorded_epochs, weights_of_recording
from hw5core.runs.records import EARLY_STEPS
from hw5core.runs.weights import Weights, short_receipt, to_bytes
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from hw5core.strict_json import to_json
from hw5core.terminal import race_options
from hw5core.terminal.files import save
from hw5core.terminal.recorded_run import recorded_run
from hw5core.training.predictions import weights_at


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("run", metavar="RUN", help="the id of a run, 16 digits and letters: `train --json` prints it")
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the file to write, such as relu.safetensors"
    )
    command.add_argument(
        "--epoch", type=race_options.whole, help="the weights after this epoch, counted from 0 (default: the last)"
    )


def run(options: argparse.Namespace) -> int:
    """Write the file, and return the exit status 0. Raises LabError."""
    weights = _weights(RunStore(home.store_folder()), options.run, options.epoch)
    save(options.output, to_bytes(weights))
    config, parameters = weights.config, sum(tensor.size for tensor in weights.tensors.values())
    accuracy = next(
        (one["test_accuracy"] for one in weights.receipt["metrics"]["epochs"] if one["epoch"] == weights.epoch), None
    )
    if options.json:
        written = {"file": str(options.output), "run_id": config.run_id, "epoch": weights.epoch}
        print(to_json(written | {"network": config.network, "numbers": parameters, "test_accuracy": accuracy}))
    else:
        correct = "" if accuracy is None else f", test accuracy {accuracy:.2f} %"
        print(f"{options.output}: {config.label} on {config.dataset} after epoch {weights.epoch}{correct}")
    return 0


def _weights(store: RunStore, run_id: str, epoch: int | None) -> Weights:
    """Return the weights from the store, or those of the recorded race. Raises LabError."""
    found = Follower(store, run_id).read()
    if found is not None:
        return exported(store, found, _chosen(store.forkable_epochs(run_id), epoch))
    recorded = recorded_run(run_id)
    weights = weights_of_recording(recorded, _chosen(recorded_epochs(recorded), epoch))
    assert weights is not None, "this epoch is recorded"
    return weights


def _chosen(epochs: list[int], wanted: int | None) -> int:
    """Return the wanted epoch, or the last. Raise WeightsError if there is no checkpoint of it."""
    if not epochs:
        raise WeightsError("The run has no weights to export yet: it keeps them at the end of every epoch.")
    if wanted is None:
        return epochs[-1]
    if wanted not in epochs:
        raise WeightsError(f"The run has no weights of epoch {wanted}, only of: {', '.join(map(str, epochs))}.")
    return wanted


def exported(store: RunStore, history: RunHistory, epoch: int) -> Weights:
    """Return the weights of a run in the store after this epoch. Raises LabError."""
    config: RunConfig = history.config
    checkpoint = store.checkpoint_of_epoch(history.run_id, epoch)
    if checkpoint is None:
        raise WeightsError(f"The weights of epoch {epoch} in the store are damaged. Export another epoch.")
    return Weights(config, epoch, weights_at(config, checkpoint), short_receipt(history))


def early_tensors(store: RunStore, config: RunConfig) -> dict[int, dict[str, NDArray[Any]]]:
    """Return the tensors at the run's early checkpoints, by number of batches. Raise EngineError without PyTorch."""
    checkpoints = (store.checkpoint_at(config.run_id, step) for step in EARLY_STEPS)
    return {one.step: weights_at(config, one) for one in checkpoints if one}
