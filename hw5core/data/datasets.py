"""The datasets: everything that depends on the choice of images, and how the images are split.

A new dataset is an entry in DATASETS. Importing this module loads neither torch nor scikit-learn: the server reads the
entries, workers load the images.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hw5core.data import downloads, files
from hw5core.data.digits import digits
from hw5core.data.shared_images import shared
from hw5core.data.sources import File, Files
from hw5core.errors import DataError


@dataclass(frozen=True)
class Dataset:
    """Images of one shape (1, height, width), each with one of `classes` labels from 0.

    `images` is how many there are. With `epochs` and `learning_rate`, both networks of the homework learn, and the
    plateau of sigmoid is visible. `mean` and `std` standardise the pixels on a scale from 0 to 1. `source` is the
    dataset's files, or a function that returns images (n, height, width) and labels (n,). `names` are those of the
    classes, or empty if a class is a digit and needs none. `thing` is what an image shows. With `fills_image`, it is
    scaled until it reaches the edges; otherwise it is as in MNIST, in 20x20 pixels around its centre of mass.
    """

    title: str
    images: int
    epochs: int
    learning_rate: float
    shape: tuple[int, int, int]
    classes: int
    mean: float
    std: float
    source: Files | Callable[[], tuple[NDArray[np.uint8], NDArray[np.int64]]]
    names: tuple[str, ...] = ()
    thing: str = "digit"
    fills_image: bool = False

    def class_name(self, label: int) -> str:
        """Return the name of a class: "3", or "sneaker"."""
        return self.names[label] if self.names else str(label)

    def class_in_words(self, label: int) -> str:
        """Return what an image of this class shows: "a 3", "an 8", or "sneaker"."""
        return self.names[label] if self.names else f"{'an' if label == 8 else 'a'} {label}"


DATASETS = {
    "digits": Dataset(
        title="scikit-learn's digits, built in",
        images=1_797,
        epochs=30,
        learning_rate=0.05,
        shape=(1, 28, 28),
        classes=10,
        mean=0.1307,  # MNIST's
        std=0.3081,
        source=digits,
    ),
    "mnist": Dataset(
        title="MNIST, the homework's digits",
        images=70_000,
        epochs=5,
        learning_rate=0.005,
        shape=(1, 28, 28),
        classes=10,
        mean=0.1307,
        std=0.3081,
        source=Files(
            "MNIST",
            (
                (
                    File("train-images-idx3-ubyte", 47_040_016, "6bbc9ace898e44ae57da46a324031adb", 9_912_422),
                    File("train-labels-idx1-ubyte", 60_008, "a25bea736e30d166cdddb491f175f624", 28_881),
                ),
                (
                    File("t10k-images-idx3-ubyte", 7_840_016, "2646ac647ad5339dbf082846283269ea", 1_648_877),
                    File("t10k-labels-idx1-ubyte", 10_008, "27ae3e4e09519cfbb04c329615203637", 4_542),
                ),
            ),
            mirrors=(
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
        ),
    ),
    "fashion": Dataset(
        title="Fashion-MNIST, clothes instead of digits",
        images=70_000,
        epochs=5,
        learning_rate=0.005,
        shape=(1, 28, 28),
        classes=10,
        mean=0.1307,  # MNIST's, so that the same settings can be compared
        std=0.3081,
        source=Files(
            "FashionMNIST",
            (
                (
                    File("train-images-idx3-ubyte", 47_040_016, "f4a8712d7a061bf5bd6d2ca38dc4d50a", 26_421_880),
                    File("train-labels-idx1-ubyte", 60_008, "9018921c3c673c538a1fc5bad174d6f9", 29_515),
                ),
                (
                    File("t10k-images-idx3-ubyte", 7_840_016, "8181f5470baa50b63fa0f6fddb340f0a", 4_422_102),
                    File("t10k-labels-idx1-ubyte", 10_008, "15d484375f8d13e6eb1aabb0c3f46965", 5_148),
                ),
            ),
            mirrors=(
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ),
        ),
        names=(
            "T-shirt",
            "trousers",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ),
        thing="piece of clothing",
        fills_image=True,
    ),
}


@dataclass(frozen=True)
class Pool:
    """All images (n, height, width) and labels (n,) of a dataset, training and test files together.

    `note` says where they come from if they were downloaded or a folder was not used.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    note: str = ""


@dataclass(frozen=True)
class Split:
    """Indices into a pool: 60 % for training, 20 % for validation, 20 % for testing."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def load(name: str) -> Pool:
    """Return all images of a dataset, downloaded if necessary. Raise DataError if they cannot be used."""
    dataset = DATASETS[name]
    if not isinstance(dataset.source, Files):
        return _checked(dataset, Pool(*dataset.source()))
    pixels, labels, note = files.read(dataset.source, _published())
    return _checked(dataset, Pool(pixels.reshape(-1, *dataset.shape[1:]), labels, note))


@lru_cache(maxsize=len(DATASETS))
def loaded(name: str) -> Pool:
    """Return what `load` returns, loaded once in this process. All processes of a machine share downloaded images."""
    pool = load(name)
    return replace(pool, images=shared(pool.images)) if isinstance(DATASETS[name].source, Files) else pool


def split(images: int, seed: int) -> Split:
    """Split `images` indices by a permutation that depends only on the seed: 70,000 give 42,000, 14,000, 14,000."""
    order = np.random.default_rng(seed).permutation(images)
    fifth = images // 5
    return Split(order[2 * fifth :], order[:fifth], order[fifth : 2 * fifth])


def split_sizes(name: str) -> tuple[int, int, int]:
    """Return how many of the dataset's images `split` uses for training, validation and testing."""
    images = DATASETS[name].images
    fifth = images // 5
    return images - 2 * fifth, fifth, fifth


def is_available(name: str) -> bool:
    """Return True if the dataset needs no download: its files are on this machine, with the right sizes."""
    source = DATASETS[name].source
    return not isinstance(source, Files) or files.are_complete(source)


def current_download(name: str) -> downloads.Download | None:
    """Return the progress of the dataset's download by any process on this machine, or None if there is none."""
    source = DATASETS[name].source
    return downloads.current_download(source) if isinstance(source, Files) else None


def _published() -> dict[str, str]:
    """Return the folder of the dataset to which each known MD5 belongs."""
    sources = [dataset.source for dataset in DATASETS.values() if isinstance(dataset.source, Files)]
    return {file.md5: source.folder for source in sources for file in source if file.md5}


def _checked(dataset: Dataset, pool: Pool) -> Pool:
    """Return the pool. Raise DataError if a label is not one of the dataset's classes."""
    wrong = pool.labels[(pool.labels < 0) | (pool.labels >= dataset.classes)]
    if len(wrong):
        raise DataError(
            f"the files of {dataset.title} are damaged: they contain the label {wrong[0]}, but the labels go from 0 to "
            f"{dataset.classes - 1}. Replace the files with labels."
        )
    return pool
