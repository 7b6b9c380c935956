"""How long a run would take on the machine that trains, from a short measurement there. Importing it loads no torch."""

import time
from dataclasses import replace
from statistics import median

from hw5core.data import datasets
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, EpochResult

MEASURED_SECONDS = 1.0
"""How long the measurement trains: five reports' worth, enough for a median."""


def estimated_seconds(config: RunConfig) -> float:
    """Seconds that the whole run would take, evaluation included, if nothing else ran beside it.

    Trains the config's network for a moment on the built-in digits, whichever its dataset is: a step takes as long on
    one image as on another, and these are always at hand. Evaluating an image is taken to cost a quarter of training
    on it: its forward pass, and less about it.
    """
    from hw5core.training.loop import train

    trial = replace(
        config, fork=None, dataset="digits", training_images=0, batch_size=min(config.batch_size, 1_000), epochs=200
    )
    begin, paces, (before, then) = time.perf_counter(), [], (0, 0.0)
    for record in train(trial, datasets.load("digits")):
        if isinstance(record, BatchLosses) and record.seconds is not None:
            steps = record.first_step + len(record.losses)
            paces.append((record.seconds - then) / (steps - before))
            before, then = steps, record.seconds
        if isinstance(record, BatchLosses | EpochResult) and time.perf_counter() - begin > MEASURED_SECONDS:
            break
    # The first report holds what happens only once: memory is found, kernels are chosen.
    step = median(paces[1:] or paces)
    _, validation, test = datasets.split_sizes(config.dataset)
    steps = config.total_steps - config.first_step
    evaluated = steps / config.steps_per_epoch * (validation + test)
    return step * (steps + evaluated / config.batch_size / 4)
