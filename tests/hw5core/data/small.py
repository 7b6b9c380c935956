"""Two small datasets of the same shape, as MNIST and Fashion-MNIST are, and their files."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from hw5core.data.datasets import DATASETS, Dataset
from hw5core.data.sources import File, Files

NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
IMAGES = 40
"""The number of images: three quarters of them for training."""


def content_of(kind: str) -> dict[str, bytes]:
    """Return the four files of a dataset, by name. Another `kind` has other content of the same size."""
    dice = np.random.default_rng(len(kind))
    content = {}
    for part, images in (("train", 3 * IMAGES // 4), ("t10k", IMAGES // 4)):
        header = np.array([2051, images, 28, 28], ">i4").tobytes()
        content[f"{part}-images-idx3-ubyte"] = header + dice.integers(0, 256, images * 784, np.uint8).tobytes()
        header = np.array([2049, images], ">i4").tobytes()
        content[f"{part}-labels-idx1-ubyte"] = header + dice.integers(0, 10, images, np.uint8).tobytes()
    return content


def dataset_of(kind: str, mirrors: tuple[str, ...] = (), known: bool = True) -> Dataset:
    """Return a dataset of these files. Unless `known`, their checksums are not known."""
    content = content_of(kind)
    files = []
    for name in NAMES:
        md5 = hashlib.md5(content[name]).hexdigest() if known else ""
        files.append(File(name, len(content[name]), md5, len(gzip.compress(content[name]))))
    pairs = ((files[0], files[1]), (files[2], files[3]))
    return replace(DATASETS["mnist"], title=kind, images=IMAGES, source=Files(kind, pairs, mirrors))


def write_files(folder: Path, kind: str, dotted: bool = False, packed: bool = False) -> None:
    """Write the four files into the folder, with dotted names or packed if wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in content_of(kind).items():
        written = (name.replace("-idx", ".idx") if dotted else name) + ".gz" * packed
        (folder / written).write_bytes(gzip.compress(content) if packed else content)
