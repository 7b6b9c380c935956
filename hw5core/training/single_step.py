"""One batch of a run, trained and taken apart: what each layer put out, what the loss asked of it, how far it moved.

The training is `training.train`'s own, so a run that is stepped ends with the numbers of one that is not. The measuring
is done beside it with plain autograd, on a copy of the network as it was before the batch. Runs on a worker.
"""

import io
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from hw5core.data.datasets import Pool
from hw5core.network.counting import LayerCount, count
from hw5core.network.layers import Activate
from hw5core.runs.config import RunConfig
from hw5core.runs.records import Checkpoint, MeasuredLayer, MeasuredStep, Record
from hw5core.training.loop import batch_indices, dropout_seed, saturated_share, standardise, train
from hw5core.training.modules import initial_network
from hw5core.training.warm_start import own_checkpoint

MOST_IMAGES = 10
"""Of how many of a batch's images the probabilities are told."""


def one_step(config: RunConfig, pool: Pool, resume: Checkpoint | None) -> list[Record]:
    """Train the batch after the checkpoint, or the run's first one, and tell of it from RunStarted to Checkpoint, a
    MeasuredStep among it; after an epoch's last batch its EpochResult too, after the run's last one RunFinished."""
    measured = measure(config, pool, resume)
    started, *told = _one_batch(config, pool, resume)
    return [started, measured, *told]


def measure(config: RunConfig, pool: Pool, resume: Checkpoint | None) -> MeasuredStep:
    """What the batch after the checkpoint does in each layer; trains nothing."""
    step = resume.step if resume else 0
    network, velocities = _network_at(config, resume)
    chosen = batch_indices(config, len(pool.labels), step)
    inputs, labels = standardise(pool.images[chosen], config.dataset), torch.from_numpy(pool.labels[chosen])
    outputs = _outputs(network, inputs, torch.Generator().manual_seed(dropout_seed(config, step)))
    functional.cross_entropy(outputs[-1], labels).backward()
    moves = _moves(config, network, velocities)
    layers = [
        _measured_layer(row, module, received.detach(), given.detach(), moves)
        for row, module, received, given in zip(
            count(config.architecture).rows, network, [inputs, *outputs], outputs, strict=False
        )
    ]
    probabilities = outputs[-1].detach()[:MOST_IMAGES].softmax(1)
    return MeasuredStep(step, tuple(layers), tuple(map(tuple, probabilities.tolist())))


def _one_batch(config: RunConfig, pool: Pool, resume: Checkpoint | None) -> Iterator[Record]:
    for record in train(config, pool, resume, stop=lambda: True):
        yield record
        # Asked after an epoch's end the next one would already have begun.
        if isinstance(record, Checkpoint) and record.step < config.total_steps:
            return


def _network_at(config: RunConfig, resume: Checkpoint | None) -> tuple[nn.Sequential, list[Tensor]]:
    """The network as it stands at the checkpoint, and momentum's velocities: none at the beginning or without it."""
    network = initial_network(config.architecture, config.seed, config.initialisation)
    # As in training: what dropout draws lies in the memory's order.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if resume is None:
        return network, []
    state = torch.load(io.BytesIO(own_checkpoint(config, resume).state), weights_only=True)
    network.load_state_dict(state["network"])
    return network, state["velocities"]


def _outputs(network: nn.Sequential, inputs: Tensor, generator: torch.Generator) -> list[Tensor]:
    """What each layer makes of what the one before put out; dropout draws from this generator."""
    outputs: list[Tensor] = []
    for module in network:
        received = outputs[-1] if outputs else inputs
        outputs.append(_dropped(module, received, generator) if isinstance(module, nn.Dropout) else module(received))
    return outputs


def _dropped(module: nn.Dropout, received: Tensor, generator: torch.Generator) -> Tensor:
    """What the module gives, but not by torch's global generator, which a training beside this may be using."""
    kept = torch.empty_like(received).bernoulli_(1 - module.p, generator=generator)
    return received * kept * (1 / (1 - module.p) if module.p < 1 else 0.0)


def _moves(config: RunConfig, network: nn.Sequential, velocities: list[Tensor]) -> dict[nn.Parameter, Tensor]:
    """What the step takes off each parameter: learning rate times gradient, with momentum times the new velocity."""
    moves = {}
    for number, parameter in enumerate(network.parameters()):
        assert parameter.grad is not None
        kept = config.momentum * velocities[number] if velocities else 0
        moves[parameter] = config.learning_rate * (parameter.grad + kept)
    return moves


def _measured_layer(
    row: LayerCount, module: nn.Module, received: Tensor, given: Tensor, moves: dict[nn.Parameter, Tensor]
) -> MeasuredLayer:
    measured = MeasuredLayer(row.name, tuple(row.output_shape), given.mean().item(), given.abs().mean().item())
    if isinstance(row.layer, Activate):
        return replace(measured, saturated=saturated_share(_derivative(module, received)))
    weight = getattr(module, "weight", None)
    if not isinstance(weight, nn.Parameter) or weight.grad is None:
        return measured
    return replace(
        measured,
        weight_norm=weight.norm().item(),
        gradient_norm=weight.grad.norm().item(),
        update_norm=moves[weight].norm().item(),
    )


def _derivative(activation: nn.Module, received: Tensor) -> Tensor:
    """The activation's derivative at what it was given, asked of autograd."""
    inputs = received.requires_grad_()
    (slope,) = torch.autograd.grad(activation(inputs).sum(), inputs)
    return slope
