"""A run's checkpoint, taken over by a branch that differs in its activation, learning rate or normalisation.

Every convolution and linear layer goes on with the weights it had: they are found by their place among their like. A
batch normalisation goes on too where the run has one in the same place, running mean and variance with it; a new one
begins fresh. Momentum's velocities go with their weights, whatever was changed: they are sums of past gradients, which
the new ones outweigh within a few batches (at momentum 0.9 in about ten); those of new parameters begin at 0.
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


def own_checkpoint(config: RunConfig, checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint as the config's own network goes on from it. A branch's first one is that of the run it comes
    from, and is taken over layer by layer; any other is its own already."""
    if config.fork is None or checkpoint.step != config.fork.step:
        return checkpoint
    told = torch.load(io.BytesIO(checkpoint.state), weights_only=True)
    network = initial_network(config.architecture, config.seed, config.initialisation)
    parent = config.fork.parent
    names = _shared_names(config.architecture, parent.architecture, network.state_dict())
    taken = {name: told["network"][theirs] for name, theirs in names.items()}
    network.load_state_dict(network.state_dict() | taken)
    theirs = initial_network(parent.architecture, parent.seed, parent.initialisation)
    # Without momentum there are none.
    kept = dict(zip((name for name, _ in theirs.named_parameters()), told["velocities"], strict=False))
    velocities = [
        kept[names[name]] if name in names else torch.zeros_like(parameter)
        for name, parameter in network.named_parameters()
        if config.momentum
    ]
    written = io.BytesIO()
    torch.save({"network": network.state_dict(), "velocities": velocities}, written)
    return replace(checkpoint, state=written.getvalue())


def _shared_names(own: Architecture, other: Architecture, state: dict[str, Tensor]) -> dict[str, str]:
    """Per tensor of our network's state that the other network has too, its name there."""
    theirs = {place: number for number, place in _places(other)}
    ours = {number: theirs[place] for number, place in _places(own) if place in theirs}
    split = {name: name.split(".", 1) for name in state}
    return {name: f"{ours[int(layer)]}.{rest}" for name, (layer, rest) in split.items() if int(layer) in ours}


def _places(architecture: Architecture) -> Iterator[tuple[int, _Place]]:
    """Yield each layer's number in the network's state, and its place."""
    weighted, since = 0, Counter[type[Layer]]()
    for number, layer in enumerate(architecture.layers):
        yield number, (type(layer), weighted, since[type(layer)])
        if layer.draws_weights:
            weighted, since = weighted + 1, Counter()
        else:
            since[type(layer)] += 1
