"""The images: scikit-learn's digits (built in), MNIST and Fashion-MNIST, pooled, and how they are split.

Images are uint8 (n, 28, 28), labels int64 (n,). MNIST's files come from the folder in HW5_DATA or, downloaded once,
from the cache; either way they are checked before they are believed. Importing this module loads neither torch nor
scikit-learn: the server reads the catalogue, workers load the images.
"""

import hashlib
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw5core import home
from hw5core.data import downloads
from hw5core.errors import DataError, DownloadError

IMAGE_SHAPE = (1, 28, 28)

MEAN, STD = 0.1307, 0.3081
"""What inputs are standardised with: MNIST's own mean and standard deviation, on a scale of 0 to 1."""


@dataclass(frozen=True)
class Dataset:
    """One choice of images. `epochs` is how many make a race worth watching; the homework's MNIST takes five."""

    title: str
    images: int
    epochs: int
    torchvision_class: str | None = None


DATASETS = {
    "digits": Dataset("scikit-learn's digits, built in", 1_797, 20),
    "mnist": Dataset("MNIST, the homework's digits", 70_000, 5, "MNIST"),
    "fashion": Dataset("Fashion-MNIST, clothes instead of digits", 70_000, 5, "FashionMNIST"),
}

# Size in bytes of each unpacked file, and for MNIST its MD5, as its publisher's files unpack.
_FILE_SIZES = {
    "train-images-idx3-ubyte": 47_040_016,
    "train-labels-idx1-ubyte": 60_008,
    "t10k-images-idx3-ubyte": 7_840_016,
    "t10k-labels-idx1-ubyte": 10_008,
}
_FILE_MD5 = {
    "MNIST": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }
}


@dataclass(frozen=True)
class Pool:
    """All images of a dataset, training and test files together, and a note on where they came from if it matters."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    note: str = ""


@dataclass(frozen=True)
class Split:
    """Indices into a pool: 60 % to train on, 20 % to validate, 20 % to test."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def load(name: str) -> Pool:
    """The pooled images of a dataset. Raises DataError when they are neither here nor to be fetched."""
    kind = DATASETS[name].torchvision_class
    return _digits() if kind is None else _torchvision_pool(kind)


def split(images: int, seed: int) -> Split:
    """Deal out `images` indices by a permutation that depends on the seed alone: 70,000 give 42,000, 14,000, 14,000."""
    order = np.random.default_rng(seed).permutation(images)
    fifth = images // 5
    return Split(order[2 * fifth :], order[:fifth], order[fifth : 2 * fifth])


def split_sizes(name: str) -> tuple[int, int, int]:
    """How many images of the dataset `split` gives to training, validation and test."""
    images = DATASETS[name].images
    fifth = images // 5
    return images - 2 * fifth, fifth, fifth


def at_hand(name: str) -> bool:
    """Whether the dataset's files are all here and of the right size, so that nothing has to be downloaded."""
    kind = DATASETS[name].torchvision_class
    return kind is None or any(not _faults(root, kind, thorough=False) for root in _roots())


def download_under_way(name: str) -> downloads.Download | None:
    """How far the dataset's download on this machine has come, or None if none is being made."""
    kind = DATASETS[name].torchvision_class
    return None if kind is None else downloads.under_way(kind)


def _digits() -> Pool:
    """The 8x8 digits (values 0 to 16) enlarged to 20x20 and centred in 28x28, as MNIST centres its own.

    Read from scikit-learn's file without importing it: that would cost each worker 116 MiB and a second.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise DataError("scikit-learn, which brings the digits, is not installed: pip install -r requirements.txt")
    table = np.loadtxt(
        Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",", dtype=np.int64
    )
    small = table[:, :-1].reshape(-1, 8, 8)
    enlarge = _bilinear(8, 20)
    # Whole numbers up to the last division, so that rounding comes out the same on every machine.
    scaled = (enlarge @ small @ enlarge.T) * 255 / (16 * 40**2)
    images = np.pad(scaled.round().astype(np.uint8), ((0, 0), (4, 4), (4, 4)))
    return Pool(images, table[:, -1])


def _bilinear(size: int, larger: int) -> NDArray[np.int64]:
    """The matrix (larger, size) that stretches a row of pixels, in parts of 2 x larger: each new pixel's centre lies
    between two old ones', and takes from each by nearness; beyond the outermost centres the edge goes on."""
    unit = 2 * larger
    centres = np.clip((2 * np.arange(larger) + 1) * size - larger, 0, (size - 1) * unit)
    return np.clip(unit - np.abs(centres[:, None] - unit * np.arange(size)), 0, None)


def _roots() -> list[Path]:
    """Where files may lie, in torchvision's layout (root/MNIST/raw): HW5_DATA first, then the cache."""
    given = os.environ.get("HW5_DATA")
    return [*([Path(given)] if given else []), home.cache_folder()]


def _torchvision_pool(kind: str) -> Pool:
    notes: list[str] = []
    for root in _roots():
        faults = _faults(root, kind, thorough=True)
        if not faults:
            return _read(root, kind, "; ".join(notes))
        if any((downloads.raw_folder(root, kind) / name).exists() for name in _FILE_SIZES):
            notes.append(f"{root} was passed over: {', '.join(faults)}")
    _fetch(kind, notes)
    return _read(home.cache_folder(), kind, "; ".join([*notes, "downloaded again" if notes else "downloaded"]))


def _fetch(kind: str, notes: list[str]) -> None:
    """Download the four files into the cache, one process at a time; damaged ones there are fetched anew. What another
    process has just tried in vain is not tried again at once."""
    root = home.cache_folder()
    with downloads.turn(kind) as waited:
        if not _faults(root, kind, thorough=True):
            return
        if waited:
            raise DataError(_cannot_fetch(kind, root, notes, downloads.how_far(kind)))
        _drop_damaged(root, kind)
        try:
            downloads.download(kind)
        except DownloadError as error:
            raise DataError(_cannot_fetch(kind, root, notes, str(error))) from error
        faults = _faults(root, kind, thorough=True)
        if faults:
            raise DataError(f"{kind} arrived damaged ({', '.join(faults)}): try again, or choose the built-in digits.")


def _cannot_fetch(kind: str, root: Path, notes: list[str], reason: str) -> str:
    found = f" {'; '.join(notes)}." if notes else ""
    return (
        f"{kind} is not on this machine and could not be downloaded: {reason}.{found} Try again, or choose the "
        f"built-in digits, which need no network, or put {', '.join(_FILE_SIZES)} into {kind}/raw of a folder that "
        f"HW5_DATA names (or of {root})."
    )


def _read(root: Path, kind: str, note: str) -> Pool:
    """The training and test files, one after the other: bytes behind a header whose length their sizes have settled.

    Without torchvision, which would cost each worker 70 MiB.
    """
    folder = downloads.raw_folder(root, kind)
    images = [np.fromfile(folder / f"{part}-images-idx3-ubyte", np.uint8, offset=16) for part in ("train", "t10k")]
    labels = [np.fromfile(folder / f"{part}-labels-idx1-ubyte", np.uint8, offset=8) for part in ("train", "t10k")]
    return Pool(np.concatenate(images).reshape(-1, 28, 28), np.concatenate(labels).astype(np.int64), note)


def _faults(root: Path, kind: str, thorough: bool) -> list[str]:
    """What is wrong with the four files under this root, each in a few words; empty when they can be read.

    Sizes are always compared; `thorough` also compares the MD5 where the publisher's is known.
    """
    found = (
        _fault(downloads.raw_folder(root, kind) / name, _FILE_MD5.get(kind, {}).get(name) if thorough else None)
        for name in _FILE_SIZES
    )
    return [fault for fault in found if fault]


def _fault(path: Path, md5: str | None) -> str:
    if not path.is_file():
        return f"{path.name} is missing"
    size = path.stat().st_size
    if size != _FILE_SIZES[path.name]:
        return f"{path.name} has {size:,} bytes instead of {_FILE_SIZES[path.name]:,}"
    if md5:
        with path.open("rb") as file:
            if hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() != md5:
                return f"{path.name} is altered (its MD5 is not the publisher's)"
    return ""


def _drop_damaged(root: Path, kind: str) -> None:
    """Remove from the cache what torchvision would otherwise take for complete."""
    for name in _FILE_SIZES:
        (downloads.raw_folder(root, kind) / name).unlink(missing_ok=True)
