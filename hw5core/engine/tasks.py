"""Tasks: the functions that run on a worker. They import torch inside, because the server imports this module too."""

from typing import Any

import numpy as np
from distributed import get_worker
from numpy.typing import NDArray

from hw5core.data import datasets
from hw5core.errors import DataError, EngineError
from hw5core.runs.config import RunConfig
from hw5core.runs.layer_figures import BatchFigures
from hw5core.runs.mistakes import Classified, SplitPart
from hw5core.runs.one_batch import OneBatch
from hw5core.runs.records import Checkpoint, Record, encode
from hw5core.training import availability
from hw5core.training.predictions import Source, weights_at

TOPIC = "hw5-records"
"""The Dask topic under which workers report records."""


def warm_up() -> None:
    """Load torch and scikit-learn, so that the first race starts at once."""
    import hw5core.training.loop  # noqa: F401

    datasets.loaded(RunConfig.dataset)


def train(config: dict[str, Any], run_id: str, token: str, checkpoint: Checkpoint | None) -> None:
    """Train a run from its checkpoint, or from the start, and report every record with the run's id and the token.

    End with a checkpoint soon after the task is cancelled. Raise EngineError if this worker cannot train the run.
    """
    prepared = prepare(config, run_id)
    from hw5core.training.loop import train as records_of

    worker = get_worker()
    key = worker.get_current_task()

    def is_cancelled() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    for record in records_of(*prepared, checkpoint, stop=is_cancelled):
        worker.log_event(TOPIC, {"run_id": run_id, "token": token, "record": encode(record)})


def step(config: dict[str, Any], run_id: str, checkpoint: Checkpoint | None) -> list[Record]:
    """Train one batch and return its records. Raise EngineError if this worker cannot train the run."""
    prepared = prepare(config, run_id)
    from hw5core.training.single_step import one_step

    return one_step(*prepared, checkpoint)


def layers_of_batch(config: RunConfig, step: int, checkpoint: Checkpoint | None = None) -> BatchFigures:
    """Return the figures of the layers for the images of batch `step`.

    The weights are the run's initial ones, or those of a checkpoint. Raise EngineError if torch or the images are
    missing.
    """
    images = _images(config.dataset)
    from hw5core.training.layer_figures import measure_layers

    return measure_layers(config, images, step, checkpoint)


def gradient_of_batch(config: RunConfig, step: int, checkpoint: Checkpoint | None = None) -> OneBatch:
    """Return the loss of batch `step` along its gradient, and a gradient check.

    The weights are the run's initial ones, or those of a checkpoint. Raise EngineError if torch or the images are
    missing.
    """
    images = _images(config.dataset)
    from hw5core.training.one_batch import look_into_batch

    return look_into_batch(config, images, step, checkpoint)


def classify_images(config: RunConfig, source: Source, part: SplitPart) -> Classified:
    """Return what the run's network, with the weights of this source, predicts for a part of its split.

    Raise EngineError if torch or the images are missing.
    """
    images = _images(config.dataset)
    from hw5core.training.mistakes import classify

    return classify(config, weights_at(config, source), images, part)


def images_at(
    config: RunConfig, part: SplitPart, places: tuple[int, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.integer[Any]]]:
    """Return the images (n, height, width) at these places in a part of the run's split, and their labels (n,).

    Raise EngineError if torch or the images are missing.
    """
    images = _images(config.dataset)
    from hw5core.training.mistakes import images_in

    chosen = images_in(config, images, part)[list(places)]
    return images.images[chosen], images.labels[chosen]


def prepare(config: dict[str, Any], run_id: str) -> tuple[RunConfig, datasets.Pool]:
    """Return the run's config and images, and let torch use one thread.

    Raise EngineError if torch or the images are missing, or if this worker's code would train another run.
    """
    own_config = RunConfig(**config)
    if own_config.run_id != run_id:
        raise EngineError("its worker has another version of hw5core than this server: install the same on both")
    return own_config, _images(own_config.dataset)


def _images(dataset: str) -> datasets.Pool:
    """Return the images of a dataset, and let torch use one thread. Raise EngineError if either is missing."""
    availability.load()
    from hw5core.training.environment import use_one_thread

    use_one_thread()
    try:
        return datasets.loaded(dataset)
    except DataError as error:
        raise EngineError(str(error)) from error
