"""Converts a checkpoint to tensors by PyTorch's names, and such tensors to a network that predicts."""

import io
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from hw5core.errors import WeightsError
from hw5core.runs.config import RunConfig
from hw5core.runs.records import Checkpoint
from hw5core.training.environment import use_one_thread
from hw5core.training.inputs import standardise
from hw5core.training.modules import build, initial_network
from hw5core.training.warm_start import starting_checkpoint


def tensors_of(config: RunConfig, checkpoint: Checkpoint | None) -> dict[str, NDArray[Any]]:
    """Return the tensors of the run's network at the checkpoint, by PyTorch's names. None is before the first batch."""
    if checkpoint is None:
        state = initial_network(config.architecture, config.seed, config.initialisation).state_dict()
    else:
        own = starting_checkpoint(config, checkpoint)
        state = torch.load(io.BytesIO(own.state), weights_only=True)["network"]
    return {name: tensor.numpy(force=True).copy(order="C") for name, tensor in state.items()}


def network_of(config: RunConfig, tensors: dict[str, NDArray[Any]]) -> nn.Sequential:
    """Return the network with these tensors, in evaluation mode.

    Raise WeightsError unless they have the names, shapes and types of the network's own. Before this is known, nothing
    of the network's size is allocated.
    """
    with torch.device("meta"):
        network = build(config.architecture)
    state = {name: torch.from_numpy(tensor.copy()) for name, tensor in tensors.items()}
    expected = network.state_dict()
    for name in sorted(expected.keys() | state.keys()):
        wanted, given = expected.get(name), state.get(name)
        if wanted is None or given is None or (wanted.shape, wanted.dtype) != (given.shape, given.dtype):
            raise WeightsError(
                f"The tensors do not fit the network {config.network}: it needs {_in_words(name, wanted)}, and the "
                f"file has {_in_words(name, given)}."
            )
    network.load_state_dict(state, assign=True)
    return network.eval()


def _in_words(name: str, tensor: torch.Tensor | None) -> str:
    if tensor is None:
        return f"no {name[:40]!r}"
    return f"{name!r} with the shape {'x'.join(map(str, tensor.shape)) or 'of one number'} ({tensor.dtype})"


@torch.inference_mode()
def probabilities_of(network: nn.Sequential, dataset: str, images: NDArray[Any]) -> NDArray[Any]:
    """Return the probabilities (n, classes) that a network of `network_of` gives to images of this dataset.

    The images are uint8 (n, height, width).
    """
    use_one_thread()
    logits: torch.Tensor = network(standardise(images, dataset))
    return logits.softmax(1).numpy()
