"""The command `predict`: what exported weights predict for pictures."""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw5core.data.datasets import DATASETS, Dataset
from hw5core.data.pictures import prepare, read_picture_file
from hw5core.errors import PictureError
from hw5core.markdown import markdown_table
from hw5core.runs.weights import Weights, read_weights
from hw5core.strict_json import to_json
from hw5core.training.predictions import predict


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("weights", type=Path, help="a safetensors file that `export` has written")
    command.add_argument("pictures", type=Path, nargs="+", metavar="picture", help="a PNG or JPEG file")


def run(options: argparse.Namespace) -> int:
    """Print the predictions, and return the exit status 0. Raises LabError."""
    weights = read_weights(options.weights)
    images = np.stack([_prepared(path, DATASETS[weights.config.dataset]) for path in options.pictures])
    probabilities = predict(weights.config, weights.tensors, images)
    print(
        to_json(_as_json(weights, options.pictures, probabilities))
        if options.json
        else _as_text(options.pictures, probabilities)
    )
    return 0


def _prepared(path: Path, dataset: Dataset) -> NDArray[np.uint8]:
    """Return the picture in the file as the network sees it. Raise PictureError, which names the file."""
    grey = read_picture_file(path)
    try:
        return prepare(grey, dataset.fills_image)
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from error


def _as_json(weights: Weights, paths: list[Path], probabilities: NDArray[np.float32]) -> dict[str, object]:
    pictures = [
        {"picture": str(path), "label": int(row.argmax()), "probabilities": row.tolist()}
        for path, row in zip(paths, probabilities, strict=True)
    ]
    config = weights.config
    return {
        "activation": config.activation,
        "run_id": config.run_id,
        "epoch": weights.epoch,
        "network": config.network,
        "pictures": pictures,
    }


def _as_text(paths: list[Path], probabilities: NDArray[np.float32]) -> str:
    """Return a Markdown table: the predicted class of each picture, and the probability of each class in percent."""
    rows = [
        [str(path), str(row.argmax()), *(f"{100 * value:.1f}" for value in row)]
        for path, row in zip(paths, probabilities, strict=True)
    ]
    classes = [f"{label}, %" for label in range(probabilities.shape[1])]
    return markdown_table(["picture", "predicted", *classes], rows)
