"""Downloads of MNIST and Fashion-MNIST by torchvision into the cache: one process at a time, and how far it has come.

Whoever looks needs no word from the process that downloads: it holds a lock, and the bytes lie in the cache's files.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from hw5core import home
from hw5core.data.torchvision_import import torchvision_datasets
from hw5core.errors import DownloadError

SILENCE_SECONDS = 20
"""How long a publisher's server may send nothing before it is given up."""

# Bytes of each file as its publisher packs it.
_PACKED_SIZES = {
    "MNIST": {
        "train-images-idx3-ubyte.gz": 9_912_422,
        "train-labels-idx1-ubyte.gz": 28_881,
        "t10k-images-idx3-ubyte.gz": 1_648_877,
        "t10k-labels-idx1-ubyte.gz": 4_542,
    },
    "FashionMNIST": {
        "train-images-idx3-ubyte.gz": 26_421_880,
        "train-labels-idx1-ubyte.gz": 29_515,
        "t10k-images-idx3-ubyte.gz": 4_422_102,
        "t10k-labels-idx1-ubyte.gz": 5_148,
    },
}


@dataclass(frozen=True)
class Download:
    """How many bytes of a dataset have arrived, and how many there are."""

    kind: str
    arrived: int
    total: int

    @property
    def fraction(self) -> float:
        return self.arrived / self.total

    def __str__(self) -> str:
        return f"{self.arrived / 1e6:.1f} of {self.total / 1e6:.1f} MB"


def under_way(kind: str) -> Download | None:
    """How far the download of this dataset has come, if any process on this machine is at it."""
    lock = _lock(kind)
    if not Path(lock.lock_file).exists():
        return None
    try:
        with lock.acquire(blocking=False):
            return None
    except Timeout:
        return _measured(kind)


@contextmanager
def turn(kind: str) -> Iterator[bool]:
    """Wait until no other process downloads this dataset, and keep them waiting; whether one had to be waited for."""
    home.cache_folder().mkdir(parents=True, exist_ok=True)
    lock = _lock(kind)
    waited = False
    try:
        lock.acquire(timeout=1)
    except Timeout:
        waited = True
        lock.acquire()
    try:
        yield waited
    finally:
        lock.release()


def download(kind: str) -> None:
    """Have torchvision download and unpack the four files. Raises DownloadError. To be called in one's `turn`."""
    _remove_packed(kind)
    try:
        with _no_longer_silent_than(SILENCE_SECONDS):
            getattr(torchvision_datasets(), kind)(home.cache_folder(), download=True)
    except (OSError, RuntimeError, EOFError) as error:
        raise DownloadError(how_far(kind)) from error


def how_far(kind: str) -> str:
    """Of a download that was given up, how far it came, in a few words."""
    came = _measured(kind)
    return f"the connection broke off after {came}" if came.arrived else "its publisher cannot be reached"


def raw_folder(root: Path, kind: str) -> Path:
    """Where torchvision keeps a dataset's files."""
    return root / kind / "raw"


def _lock(kind: str) -> FileLock:
    return FileLock(home.cache_folder() / f"{kind}.lock", thread_local=False)


def _measured(kind: str) -> Download:
    folder, packed = raw_folder(home.cache_folder(), kind), _PACKED_SIZES[kind]
    arrived = sum(min(size, _size(folder / name)) for name, size in packed.items())
    return Download(kind, arrived, sum(packed.values()))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _remove_packed(kind: str) -> None:
    """An earlier download may have been cut off: half a file is neither believed nor counted."""
    for name in _PACKED_SIZES[kind]:
        (raw_folder(home.cache_folder(), kind) / name).unlink(missing_ok=True)


@contextmanager
def _no_longer_silent_than(seconds: float) -> Iterator[None]:
    """torchvision's download has no time limit of its own; only the socket module's default can give it one."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
