"""What the networks of runs predict for a picture: short tasks for a worker. Importing this module loads no torch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw5core.data.datasets import DATASETS
from hw5core.runs.attribution import Attributed
from hw5core.runs.config import RunConfig
from hw5core.runs.feature_maps import FeatureMaps
from hw5core.runs.records import Checkpoint
from hw5core.training import availability

Source = Checkpoint | dict[str, NDArray[Any]] | None
"""The source of a network's weights: a checkpoint, tensors by PyTorch's names, or None for the initial weights."""


def weights_at(config: RunConfig, source: Source) -> dict[str, NDArray[Any]]:
    """Return the tensors of the run's network, by PyTorch's names. Raise EngineError without PyTorch."""
    availability.load()
    from hw5core.training.tensors import tensors_of

    return tensors_of(config, source) if source is None or isinstance(source, Checkpoint) else source


def predict(config: RunConfig, tensors: dict[str, NDArray[Any]], images: NDArray[Any]) -> NDArray[Any]:
    """Return the probabilities (n, classes) that the network gives to images, uint8 (n, height, width).

    Raise WeightsError if the tensors do not fit the config's network, and EngineError without PyTorch.
    """
    availability.load()
    from hw5core.training.tensors import network_of, probabilities_of

    return probabilities_of(network_of(config, tensors), config.dataset, images)


def predict_at(
    configs: tuple[RunConfig, ...], sources: tuple[Source, ...], image: bytes
) -> tuple[tuple[float, ...], ...]:
    """Return the probabilities of the classes that each network gives to one image, the bytes of its pixels."""
    pixels = _pixels(configs[0], image)[None]
    rows = (
        predict(config, weights_at(config, source), pixels) for config, source in zip(configs, sources, strict=True)
    )
    return tuple(tuple(row[0].tolist()) for row in rows)


def networks_at(configs: tuple[RunConfig, ...], sources: tuple[Source, ...]) -> list[Any]:
    """Return the networks with these weights. They stay on a worker, which predicts with them for many images."""
    availability.load()
    from hw5core.training.tensors import network_of

    return [network_of(config, weights_at(config, source)) for config, source in zip(configs, sources, strict=True)]


def predict_with(networks: list[Any], config: RunConfig, image: bytes) -> tuple[tuple[float, ...], ...]:
    """Return the probabilities that each of these networks gives to the classes of one image of the run's dataset."""
    availability.load()
    from hw5core.training.tensors import probabilities_of

    pixels = _pixels(config, image)[None]
    return tuple(tuple(probabilities_of(one, config.dataset, pixels)[0].tolist()) for one in networks)


def feature_maps_at(
    configs: tuple[RunConfig, ...], sources: tuple[Source, ...], image: bytes, number: int, place: tuple[int, ...]
) -> tuple[FeatureMaps, ...]:
    """Return what layer `number`, counted from 1, of each network makes of one image, the bytes of its pixels.

    The value at this place of the layer's output is written out.
    """
    availability.load()
    from hw5core.training.feature_maps import feature_maps

    pixels = _pixels(configs[0], image)
    return tuple(
        feature_maps(config, weights_at(config, source), pixels, number, place)
        for config, source in zip(configs, sources, strict=True)
    )


def attributions_at(
    configs: tuple[RunConfig, ...], sources: tuple[Source, ...], image: bytes, label: int
) -> tuple[tuple[Attributed, ...], ...]:
    """Return which pixels of an image each network's score for a class depends on, with the sanity check's networks."""
    availability.load()
    from hw5core.training.attribution import attributions

    pixels = _pixels(configs[0], image)
    return tuple(
        attributions(config, weights_at(config, source), pixels, label)
        for config, source in zip(configs, sources, strict=True)
    )


def _pixels(config: RunConfig, image: bytes) -> NDArray[np.uint8]:
    """Return the bytes of an image as an array (height, width)."""
    return np.frombuffer(bytearray(image), np.uint8).reshape(DATASETS[config.dataset].shape[1:])
