"""A publisher of Fashion-MNIST on loopback, for tests: four packed files of the right sizes, sent as a test wants."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from hw5core.data.torchvision_import import torchvision_datasets

KIND = "FashionMNIST"
_SIZES = {
    "train-images-idx3-ubyte": 47_040_016,
    "train-labels-idx1-ubyte": 60_008,
    "t10k-images-idx3-ubyte": 7_840_016,
    "t10k-labels-idx1-ubyte": 10_008,
}
_CHUNK = 64 * 1024


@dataclass
class Publisher:
    """`holds_at` is how many bytes of the second image file are sent before `go_on` is set; with `breaks_off` the
    connection is cut there. All four packed files together have `total` bytes. `asked` names each file as it is
    asked for."""

    files: dict[str, bytes]
    port: int = 0
    holds_at: int = 1_000_000
    breaks_off: bool = False
    go_on: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(map(len, self.files.values()))

    @property
    def first(self) -> int:
        """The bytes of the files that come before the one that is held: they are asked for in this order."""
        return sum(len(self.files[f"train-{part}-ubyte.gz"]) for part in ("images-idx3", "labels-idx1"))

    @property
    def sizes(self) -> dict[str, int]:
        return {name: len(content) for name, content in self.files.items()}

    @property
    def source(self) -> tuple[str, list[tuple[str, str]]]:
        """The address, and each file with its checksum, as torchvision names them."""
        checksums = [(name, hashlib.md5(content).hexdigest()) for name, content in self.files.items()]
        return f"http://127.0.0.1:{self.port}/", checksums


def take_from(address: str, resources: list[tuple[str, str]]) -> None:
    """Have torchvision, in the process that calls this, download from there."""
    kind = getattr(torchvision_datasets(), KIND)
    kind.mirrors, kind.resources = [address], resources


@contextmanager
def publisher() -> Iterator[Publisher]:
    """Serve them until the block ends."""
    here = Publisher({f"{name}.gz": _packed(name, size) for name, size in _SIZES.items()})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rsplit("/", 1)[-1]
            here.asked.append(name)
            content = here.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            # torchvision asks once before, for the headers alone, and hangs up.
            with suppress(ConnectionError):
                self.send_body(name, content)

        def send_body(self, name: str, content: bytes) -> None:
            held = here.holds_at if name.startswith("t10k-images") else len(content)
            self.wfile.write(content[:held])
            if held < len(content) and here.go_on.wait(60) and not here.breaks_off:
                self.wfile.write(content[held:])

        def log_message(self, *_: object) -> None:
            """Nothing of it belongs into a test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield here
    here.go_on.set()
    server.shutdown()


def _packed(name: str, size: int) -> bytes:
    """Bytes behind a header as MNIST's files have it: noise for images, which does not pack, and digits for labels."""
    images = "images" in name
    header = np.array([2051, (size - 16) // 784, 28, 28] if images else [2049, size - 8], ">i4").tobytes()
    body = np.random.default_rng(size).integers(0, 256 if images else 10, size - len(header), np.uint8)
    return gzip.compress(header + body.tobytes(), compresslevel=0, mtime=0)
