"""The weights of a run at the end of an epoch, as a safetensors file.

The file has the tensors by PyTorch's names ("0.weight"), and in its metadata the network in the one-line form, the
dataset, the epoch, and a short receipt of the run. Nothing in it is ever unpickled, so a file of a stranger is safe to
read. Importing this module loads no torch.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from hw5core.errors import LabError, WeightsError
from hw5core.runs import receipts
from hw5core.runs.config import MAX_PARAMETERS, RunConfig
from hw5core.runs.history import RunHistory

VERIFIED_BATCHES = 200
"""The number of training losses in the receipt: as many as `verify` compares. All of them may take megabytes."""

MAX_HEADER_BYTES = 1_000_000
"""The longest header of a file. A receipt of 200 epochs takes 60 KB."""

MAX_BYTES = 6 * MAX_PARAMETERS + MAX_HEADER_BYTES
"""The largest file: four bytes per parameter, some for what batch normalisation stores, and the header."""

_DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "I64": np.dtype("<i8")}

_WHAT_TO_DO = "Export the weights again with: python -m hw5core export"


@dataclass(frozen=True)
class Weights:
    """The tensors of a run's network after epoch number `epoch`, counted from 0, by PyTorch's names.

    `receipt` is the run's short receipt: it lacks what was measured in single layers, the losses of single images, and
    all but the first VERIFIED_BATCHES training losses.
    """

    config: RunConfig
    epoch: int
    tensors: dict[str, NDArray[Any]]
    receipt: dict[str, Any]


def short_receipt(history: RunHistory) -> dict[str, Any]:
    """Return the receipt of the run that its weights carry. Raise ReceiptError if it has not reported anything yet."""
    plain = receipts.receipt(history)
    metrics = plain["metrics"]
    kept = {"training_loss": metrics["training_loss"][:VERIFIED_BATCHES], "example_losses": [], "layers": []}
    return plain | {"clock": [], "metrics": metrics | kept}


def file_name(config: RunConfig, epoch: int) -> str:
    """Return the name of a file with the run's weights after this epoch."""
    return f"{config.activation}-{config.run_id}-epoch-{epoch}.safetensors"


def to_bytes(weights: Weights) -> bytes:
    """Return the content of the file."""
    metadata = {
        "network": weights.config.network,
        "dataset": weights.config.dataset,
        "epoch": str(weights.epoch),
        "receipt": json.dumps(weights.receipt, separators=(",", ":"), allow_nan=False),
    }
    return _sorted_header(save(weights.tensors, metadata))


def _sorted_header(content: bytes) -> bytes:
    """Return the file with its header in alphabetical order, so that equal weights are equal files."""
    length = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    padded = header.ljust(-(-len(header) // 8) * 8)  # the format aligns the numbers
    return len(padded).to_bytes(8, "little") + padded + content[8 + length :]


def from_bytes(content: bytes) -> Weights:
    """Return the weights in the content of a file. Raise WeightsError if they are not complete.

    Whether the tensors fit the network is found out when it is built.
    """
    header = _header(content)
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("receipt"), str):
        raise WeightsError(f"The file has no receipt of a run, so its network is not known. {_WHAT_TO_DO}")
    try:
        config, receipt = receipts.read(metadata["receipt"])
        epoch = int(metadata["epoch"])
    except LabError as error:
        raise WeightsError(f"The file's receipt cannot be used: {error}") from error
    except (KeyError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise WeightsError(f"The file's receipt or its epoch cannot be read. {_WHAT_TO_DO}") from error
    if not 0 <= epoch < config.epochs:
        raise WeightsError(f"The file is of epoch {epoch}, but its run has the epochs 0 to {config.epochs - 1}.")
    return Weights(config, epoch, _tensors(content), receipt)


def read_weights(path: Path) -> Weights:
    """Return the weights in a file. Raise WeightsError if that is not possible."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise WeightsError(
                f"{path} is larger than {MAX_BYTES // 10**6} MB, so it is no file of weights for the lab."
            )
        # A file may grow after it was measured, and a pipe has no size.
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        return from_bytes(content)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from error


def _header(content: bytes) -> dict[str, Any]:
    """Return the header, a JSON object behind its length in eight bytes. Raise WeightsError."""
    if len(content) > MAX_BYTES:
        raise WeightsError(f"The file is larger than {MAX_BYTES // 10**6} MB, so it is no file of weights for the lab.")
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(MAX_HEADER_BYTES, len(content) - 8):
        raise WeightsError(
            f"This is no complete safetensors file: its header would end after its {len(content):,} bytes, or is "
            f"longer than {MAX_HEADER_BYTES:,} bytes. {_WHAT_TO_DO}"
        )
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"This is no safetensors file: its header cannot be read. {_WHAT_TO_DO}") from error
    if not isinstance(header, dict):
        raise WeightsError(f"This is no safetensors file: its header is no JSON object. {_WHAT_TO_DO}")
    return header


def _tensors(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the tensors. The library checks that they lie one after another and fill the file. Raise WeightsError."""
    try:
        return {name: _array(name, tensor) for name, tensor in deserialize(content)}
    except (SafetensorError, ValueError, OverflowError) as error:
        raise WeightsError(f"The tensors of the file do not fit its size: {error}. {_WHAT_TO_DO}") from error


def _array(name: str, tensor: Mapping[str, Any]) -> NDArray[Any]:
    if tensor["dtype"] not in _DTYPES:
        raise WeightsError(f"The tensor {name[:40]!r} has the type {tensor['dtype']}. The lab's are F32 and I64.")
    return np.frombuffer(tensor["data"], _DTYPES[tensor["dtype"]]).reshape(tensor["shape"])
