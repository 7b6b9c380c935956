"""Warm start: a fork's network takes over the weights of its parent's checkpoint, although they may differ.

A fork may change the activation, the learning rate, the number of epochs and batch normalisation. Every convolution and
linear layer keeps its weights; layers are matched by their position among their like. A batch normalisation keeps its
parameters, running mean and variance if the parent has one at the same position, and starts fresh otherwise. Momentum's
velocities always stay with their parameters: they are sums of past gradients, and new gradients outweigh them within a
few batches (about ten at momentum 0.9). The velocities of new parameters start at 0.
"""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Layer
from hw5core.runs.config import RunConfig
from hw5core.runs.records import Checkpoint
from hw5core.training.modules import initial_network

_Place = tuple[type[Layer], int, int]
"""The position of a layer among its like: its kind, how many layers with drawn weights precede it, and how many layers
of its kind since the last of those."""


def starting_checkpoint(config: RunConfig, checkpoint: Checkpoint) -> Checkpoint:
    """Return the checkpoint in the form in which the config's network continues from it.

    A fork's first checkpoint is its parent's, and is converted layer by layer. Any other is returned unchanged.
    """
    if config.fork is None or checkpoint.step != config.fork.step:
        return checkpoint
    state = torch.load(io.BytesIO(checkpoint.state), weights_only=True)
    network = initial_network(config.architecture, config.seed, config.initialisation)
    parent = config.fork.parent
    parent_names = _shared_names(config.architecture, parent.architecture, network.state_dict())
    shared = {name: state["network"][parent_name] for name, parent_name in parent_names.items()}
    network.load_state_dict(network.state_dict() | shared)
    parent_network = initial_network(parent.architecture, parent.seed, parent.initialisation)
    # Without momentum there are no velocities.
    parent_velocities = dict(
        zip((name for name, _ in parent_network.named_parameters()), state["velocities"], strict=False)
    )
    velocities = [
        parent_velocities[parent_names[name]] if name in parent_names else torch.zeros_like(parameter)
        for name, parameter in network.named_parameters()
        if config.momentum
    ]
    converted = io.BytesIO()
    torch.save({"network": network.state_dict(), "velocities": velocities}, converted)
    return replace(checkpoint, state=converted.getvalue())


def _shared_names(own: Architecture, parent: Architecture, state: dict[str, Tensor]) -> dict[str, str]:
    """Return the name in the parent's state of each tensor in our own state that the parent has too."""
    parent_numbers = {place: number for number, place in _places(parent)}
    numbers = {number: parent_numbers[place] for number, place in _places(own) if place in parent_numbers}
    parts = {name: name.split(".", 1) for name in state}
    return {name: f"{numbers[int(layer)]}.{rest}" for name, (layer, rest) in parts.items() if int(layer) in numbers}


def _places(architecture: Architecture) -> Iterator[tuple[int, _Place]]:
    """Yield each layer's number in the network's state, and its place."""
    weighted, since = 0, Counter[type[Layer]]()
    for number, layer in enumerate(architecture.layers):
        yield number, (type(layer), weighted, since[type(layer)])
        if layer.draws_weights:
            weighted, since = weighted + 1, Counter()
        else:
            since[type(layer)] += 1
