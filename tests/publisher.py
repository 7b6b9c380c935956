"""A local publisher of Fashion-MNIST for tests: four packed files of the right sizes, sent as a test wants."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from hw5core.data.datasets import DATASETS, Dataset
from hw5core.data.sources import File, Files
from tools.waiting import PATIENCE_SECONDS

NAME, KIND = "fashion", "FashionMNIST"
"""The name of the dataset, and its folder."""


@dataclass
class Publisher:
    """The state of the publisher, which a test changes.

    It sends `pauses_at` bytes of the second image file and then waits until `resume` is set. With `fails` it closes the
    connection instead of sending the rest. `requested` lists the file of each request.
    """

    files: dict[str, bytes]
    port: int = 0
    pauses_at: int = 1_000_000
    fails: bool = False
    resume: threading.Event = field(default_factory=threading.Event)
    requested: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """The bytes of all packed files together."""
        return sum(map(len, self.files.values()))

    @property
    def sent_at_pause(self) -> int:
        """The bytes that have been sent when the publisher pauses. The training files are requested first."""
        return self.pauses_at + sum(len(content) for name, content in self.files.items() if name.startswith("train"))

    @cached_property
    def dataset(self) -> Dataset:
        """Fashion-MNIST with the sizes and checksums of these files, and this publisher as its only mirror."""
        dataset = DATASETS[NAME]
        assert isinstance(dataset.source, Files)
        pairs = tuple((self._described(images), self._described(labels)) for images, labels in dataset.source.pairs)
        return replace(dataset, source=Files(KIND, pairs, (f"http://127.0.0.1:{self.port}/",)))

    def _described(self, file: File) -> File:
        packed = self.files[f"{file.name}.gz"]
        return replace(file, md5=hashlib.md5(gzip.decompress(packed)).hexdigest(), packed_size=len(packed))


def use_dataset(dataset: Dataset) -> None:
    """Make the calling process use this dataset instead of Fashion-MNIST."""
    DATASETS[NAME] = dataset


@contextmanager
def publisher() -> Iterator[Publisher]:
    """Serve the files until the block ends."""
    dataset = DATASETS[NAME]
    assert isinstance(dataset.source, Files)
    here = Publisher({f"{file.name}.gz": _packed(file.name, file.size) for file in dataset.source})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rsplit("/", 1)[-1]
            here.requested.append(name)
            content = here.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(ConnectionError):
                self.send_body(name, content)

        def send_body(self, name: str, content: bytes) -> None:
            first = here.pauses_at if name.startswith("t10k-images") else len(content)
            self.wfile.write(content[:first])
            if first < len(content) and here.resume.wait(PATIENCE_SECONDS) and not here.fails:
                self.wfile.write(content[first:])

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.port = server.server_port
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield here
    here.resume.set()
    server.shutdown()


def _packed(name: str, size: int) -> bytes:
    """Return a packed file of MNIST's format: a header, then noise (which does not compress) or labels from 0 to 9."""
    images = "images" in name
    header = np.array([2051, (size - 16) // 784, 28, 28] if images else [2049, size - 8], ">i4").tobytes()
    body = np.random.default_rng(size).integers(0, 256 if images else 10, size - len(header), np.uint8)
    return gzip.compress(header + body.tobytes(), compresslevel=0, mtime=0)
