"""A single step: one batch of a run, trained and measured in every layer.

The batch is trained by `loop.train`, so a run that is stepped ends with the same numbers as any other. It is measured
with autograd, on a copy of the network before the batch.
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
from hw5core.training.inputs import batch_indices, dropout_seed, standardise
from hw5core.training.loop import train
from hw5core.training.measuring import saturated_share
from hw5core.training.modules import initial_network
from hw5core.training.warm_start import starting_checkpoint

MAX_IMAGES = 10
"""The probabilities of at most this many images of the batch are part of a MeasuredStep."""


def one_step(config: RunConfig, pool: Pool, resume: Checkpoint | None) -> list[Record]:
    """Train the batch after the checkpoint, or the run's first batch, and return its records.

    They are a RunStarted, a MeasuredStep, BatchLosses and a Checkpoint, with an EpochResult if the batch ends an epoch,
    and a RunFinished if it ends the run.
    """
    measured = measure(config, pool, resume)
    started, *others = _one_batch(config, pool, resume)
    return [started, measured, *others]


def measure(config: RunConfig, pool: Pool, resume: Checkpoint | None) -> MeasuredStep:
    """Return what the batch after the checkpoint does in each layer. This trains nothing."""
    step = resume.step if resume else 0
    network, velocities = network_at(config, resume)
    chosen = batch_indices(config, len(pool.labels), step)
    inputs, labels = standardise(pool.images[chosen], config.dataset), torch.from_numpy(pool.labels[chosen])
    outputs = layer_outputs(network, inputs, torch.Generator().manual_seed(dropout_seed(config, step)))
    loss = functional.cross_entropy(outputs[-1], labels)
    if loss.requires_grad:  # a network without weights has no gradient
        loss.backward()
    updates = _updates(config, network, velocities)
    layers = [
        _measured_layer(row, module, layer_input.detach(), output.detach(), updates)
        for row, module, layer_input, output in zip(
            count(config.architecture).rows, network, [inputs, *outputs], outputs, strict=False
        )
    ]
    probabilities = outputs[-1].detach()[:MAX_IMAGES].softmax(1)
    return MeasuredStep(step, tuple(layers), tuple(map(tuple, probabilities.tolist())))


def _one_batch(config: RunConfig, pool: Pool, resume: Checkpoint | None) -> Iterator[Record]:
    """Yield the records of one batch."""
    for record in train(config, pool, resume, stop=lambda: True):
        yield record
        # At the end of an epoch, `stop` is asked only in the next one.
        if isinstance(record, Checkpoint) and record.step < config.total_steps:
            return


def network_at(config: RunConfig, resume: Checkpoint | None) -> tuple[nn.Sequential, list[Tensor]]:
    """Return the network at the checkpoint, and momentum's velocities: none at the start, and none without momentum."""
    network = initial_network(config.architecture, config.seed, config.initialisation)
    # As in training, because dropout draws its random numbers in the order of the memory.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if resume is None:
        return network, []
    state = torch.load(io.BytesIO(starting_checkpoint(config, resume).state), weights_only=True)
    network.load_state_dict(state["network"])
    return network, state["velocities"]


def layer_outputs(network: nn.Sequential, inputs: Tensor, generator: torch.Generator) -> list[Tensor]:
    """Return the output of each layer. Dropout draws from this generator."""
    outputs: list[Tensor] = []
    for module in network:
        values = outputs[-1] if outputs else inputs
        outputs.append(_dropout(module, values, generator) if isinstance(module, nn.Dropout) else module(values))
    return outputs


def _dropout(module: nn.Dropout, values: Tensor, generator: torch.Generator) -> Tensor:
    """Return the module's output, without torch's global generator: a training in this process may use that one."""
    mask = torch.empty_like(values).bernoulli_(1 - module.p, generator=generator)
    return values * mask * (1 / (1 - module.p) if module.p < 1 else 0.0)


def _updates(config: RunConfig, network: nn.Sequential, velocities: list[Tensor]) -> dict[nn.Parameter, Tensor]:
    """Return what the step subtracts from each parameter: the learning rate times its gradient or new velocity."""
    updates = {}
    for number, parameter in enumerate(network.parameters()):
        assert parameter.grad is not None
        velocity = config.momentum * velocities[number] if velocities else 0
        updates[parameter] = config.learning_rate * (parameter.grad + velocity)
    return updates


def _measured_layer(
    row: LayerCount, module: nn.Module, layer_input: Tensor, output: Tensor, updates: dict[nn.Parameter, Tensor]
) -> MeasuredLayer:
    measured = MeasuredLayer(row.name, tuple(row.output_shape), output.mean().item(), output.abs().mean().item())
    if isinstance(row.layer, Activate):
        return replace(measured, saturated=saturated_share(activation_slope(module, layer_input)))
    weight = getattr(module, "weight", None)
    if not isinstance(weight, nn.Parameter) or weight.grad is None:
        return measured
    return replace(
        measured,
        weight_norm=weight.norm().item(),
        gradient_norm=weight.grad.norm().item(),
        update_norm=updates[weight].norm().item(),
    )


def activation_slope(activation: nn.Module, layer_input: Tensor) -> Tensor:
    """Return the activation's derivative at its input, computed by autograd."""
    inputs = layer_input.requires_grad_()
    (slope,) = torch.autograd.grad(activation(inputs).sum(), inputs)
    return slope
