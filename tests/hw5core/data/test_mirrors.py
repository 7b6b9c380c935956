"""Downloads that fail: every mirror is tried, the true cause is reported, and no file is lost."""

import gzip
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hw5core.data import datasets, transfer
from hw5core.data.datasets import DATASETS
from hw5core.errors import DataError
from tests.hw5core.data.small import NAMES, content_of, dataset_of, write_files
from tools.live import ROOT

Reply = Callable[["Handler", bytes], None]
"""Sends a reply to a request for a file with this packed content."""


@dataclass
class Mirror:
    """A server on this machine. `requested` lists the files that were requested."""

    address: str
    requested: list[str] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """Replies to each request in one way."""

    def __init__(self, reply: Reply, mirror: Mirror, *arguments: object) -> None:
        self.reply, self.mirror = reply, mirror
        super().__init__(*arguments)

    def do_GET(self) -> None:
        name = self.path.removeprefix("/").removesuffix(".gz")
        self.mirror.requested.append(name)
        self.reply(self, gzip.compress(content_of("Numerals")[name]))

    def send(
        self, content: bytes, length: int | None = None, kind: str = "application/gzip", status: int = 200
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


done = threading.Event()
"""Set when a test is over, which ends the replies that wait."""


def works(handler: Handler, content: bytes) -> None:
    handler.send(content)


def is_not_found(handler: Handler, _: bytes) -> None:
    handler.send(b"<html>nothing here</html>", kind="text/html", status=404)


def refuses_access(handler: Handler, _: bytes) -> None:
    handler.send(b"", status=403)


def has_an_error(handler: Handler, _: bytes) -> None:
    handler.send(b"", status=503)


def sends_a_web_page(handler: Handler, _: bytes) -> None:
    handler.send(b"<html>Sign in to this network</html>", kind="text/html; charset=utf-8")


def sends_a_web_page_as_a_file(handler: Handler, _: bytes) -> None:
    handler.send(b"<!doctype html><html>Sign in to this network</html>")


def breaks_off(handler: Handler, content: bytes) -> None:
    handler.send(content[: len(content) // 2], length=len(content))


def stalls(handler: Handler, content: bytes) -> None:
    handler.send(content[: len(content) // 2], length=len(content))
    done.wait(60)


def never_answers(handler: Handler, _: bytes) -> None:
    done.wait(60)


def sends_the_other_dataset(handler: Handler, _: bytes) -> None:
    handler.send(gzip.compress(content_of("Clothes")[handler.mirror.requested[-1]]))


def sends_less(handler: Handler, content: bytes) -> None:
    handler.send(content[:-30])


@pytest.fixture
def mirror() -> Iterator[Callable[..., Mirror]]:
    """Start servers, each with one kind of reply."""
    servers = []

    def start(reply: Reply, certificate: Path | None = None) -> Mirror:
        started = Mirror("")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, reply, started))
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        started.address = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return started

    done.clear()
    yield start
    done.set()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def download(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Load the dataset from these mirrors. Return the error's text, or the pool's note if there is no error."""
    monkeypatch.delenv("HW5_DATA", raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(transfer, "SILENCE_SECONDS", 0.5)
    monkeypatch.setitem(DATASETS, "clothes", dataset_of("Clothes"))

    def load(*mirrors: str) -> str:
        monkeypatch.setitem(DATASETS, "numerals", dataset_of("Numerals", mirrors))
        try:
            return datasets.load("numerals").note
        except DataError as error:
            message = str(error)
        assert "Error" not in message, "the name of a Python exception"
        return message

    return load


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (is_not_found, "not found (HTTP 404)"),
        (refuses_access, "access refused (HTTP 403)"),
        (has_an_error, "error of the server (HTTP 503)"),
        (sends_a_web_page, "a web page instead of the file"),
        (sends_a_web_page_as_a_file, "the file that came is a web page, not the file"),
        (breaks_off, "the connection broke off after 0.0 of 0.0 MB"),
        (stalls, "no data for 0.5 seconds after 0.0 of 0.0 MB"),
        (never_answers, "no data for 0.5 seconds"),
        (sends_the_other_dataset, "the file that came is Clothes, not Numerals"),
        (sends_less, "the file that came is a damaged gzip file"),
    ],
)
def test_the_cause_of_a_failure_is_reported_and_the_next_mirror_is_tried(
    mirror: Callable[..., Mirror], download: Callable[..., str], home: Path, reply: Reply, cause: str
) -> None:
    bad, good = mirror(reply), mirror(works)
    message = download(bad.address)
    assert f"{bad.address[7:-1]}: {cause}" in message
    assert "the built-in digits" in message
    assert not datasets.is_available("numerals")
    bad.requested.clear()
    assert download(bad.address, good.address) == "downloaded"
    assert bad.requested == [NAMES[0]], "the mirror that works is not asked first for the other files"
    assert good.requested == NAMES
    assert sorted(path.name for path in (home / "cache/Numerals/raw").iterdir()) == sorted(NAMES)


def test_mirrors_that_fail_for_the_same_cause_are_named_together(
    mirror: Callable[..., Mirror], download: Callable[..., str], home: Path
) -> None:
    one, other = (mirror(is_not_found).address for _ in range(2))
    message = download(one, other)
    assert f"{one[7:-1]} and {other[7:-1]}: not found (HTTP 404)" in message
    assert f"{home / 'cache'} (the cache) has no such file" in message


def test_a_server_that_cannot_be_reached_is_reported_with_the_cause(
    mirror: Callable[..., Mirror], download: Callable[..., str]
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{probe.getsockname()[1]}"
        good = mirror(works)
        message = download(f"http://{closed}/", "http://nowhere.invalid/", good.address.replace("http", "https"))
        assert f"{closed}: connection refused" in message
        assert "nowhere.invalid: unknown name" in message
        assert "no secure connection" in message
        assert download(f"http://{closed}/", "http://nowhere.invalid/", good.address) == "downloaded"


def test_a_certificate_that_nobody_knows_is_reported(
    mirror: Callable[..., Mirror], download: Callable[..., str], tmp_path: Path
) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    certificate = tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    files = ["-keyout", str(certificate), "-out", str(tmp_path / "public.pem")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + (tmp_path / "public.pem").read_text())
    signed_by_nobody = mirror(works, certificate)
    assert "certificate not valid (self-signed certificate)" in download(signed_by_nobody.address)
    assert signed_by_nobody.requested == []


def test_a_failed_download_deletes_and_replaces_nothing(
    mirror: Callable[..., Mirror], download: Callable[..., str], home: Path
) -> None:
    folder = home / "cache" / "Numerals" / "raw"
    write_files(folder, "Numerals")
    good = (folder / NAMES[0]).stat()
    (folder / NAMES[1]).write_bytes(b"damaged")
    (folder / f"{NAMES[2]}.gz").write_bytes(b"of another program")
    message = download(mirror(breaks_off).address, mirror(is_not_found).address)
    assert f"Numerals/raw/{NAMES[1]} has 7 bytes instead of" in message
    assert (folder / NAMES[1]).read_bytes() == b"damaged"
    after = mirror(works)
    assert "downloaded again" in download(after.address)
    assert after.requested == [NAMES[1]], "a good file was downloaded again"
    assert (folder / NAMES[0]).stat() == good
    assert (folder / f"{NAMES[2]}.gz").read_bytes() == b"of another program"


def test_a_folder_in_the_place_of_a_file_of_the_cache_is_not_replaced(
    mirror: Callable[..., Mirror], download: Callable[..., str], home: Path
) -> None:
    folder = home / "cache" / "Numerals" / "raw"
    (folder / NAMES[0] / "mine").mkdir(parents=True)
    assert f"{folder / NAMES[0]} cannot be written: is a directory" in download(mirror(works).address)
    assert (folder / NAMES[0] / "mine").is_dir()


def test_a_cache_that_cannot_be_written_is_reported(
    mirror: Callable[..., Mirror], download: Callable[..., str], home: Path
) -> None:
    home.mkdir()
    (home / "cache").write_text("a file")
    message = download(mirror(works).address)
    assert f"{home / 'cache'} cannot be written: file exists" in message
    assert datasets.current_download("numerals") is None


def test_a_full_disk_is_reported_as_such_and_nothing_is_left_behind(
    mirror: Callable[..., Mirror], download: Callable[..., str], tmp_path: Path
) -> None:
    """Download into a file system of 20 KB, which a process may mount for itself."""
    home = tmp_path / "small"
    home.mkdir()
    mount = f"mount -t tmpfs -o size=20k tmpfs {home}"
    if subprocess.run(["unshare", "--mount", "--map-root-user", "sh", "-c", mount], check=False).returncode:
        pytest.skip("this machine does not let a process mount a file system")
    good = mirror(works)
    program = f"""
from hw5core.data import datasets
from tests.hw5core.data.small import dataset_of
datasets.DATASETS["numerals"] = dataset_of("Numerals", ({good.address!r},))
try:
    datasets.load("numerals")
except datasets.DataError as error:
    print(error)
"""
    script = f'{mount} && "$0" -c "$1" && ls {home}/cache/Numerals/raw'
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script, sys.executable, program],
        cwd=ROOT, env=os.environ | {"HW5_HOME": str(home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"the disk is full; Numerals needs 0.0 MB in {home}/cache" in done.stdout
    assert "connection" not in done.stdout
    assert done.stdout.count("\n") - 1 < len(NAMES)
    assert ".part" not in done.stdout
    assert ".new" not in done.stdout
