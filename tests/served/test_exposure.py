"""What a stranger can do to a real server: read no file, reach no other port, inject no header, cause no error."""

import asyncio
import http.client
import random
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.forks import fork
from pages.parts.shared.lecturer import PARAMETER as LECTURER
from pages.parts.shared.page_list import PAGES
from tests.effort import EFFORT, TIMEOUT
from tests.served.addresses import parameters_in_sources, parameters_of, random_query
from tests.served.conftest import Server
from tools.live import ROOT
from tools.training import train_into
from tools.visitor import Visitor, visitor
from tools.waiting import PATIENCE_SECONDS

pytestmark = [pytest.mark.slow, TIMEOUT]

SECRET = b"what-only-the-operator-may-read"
URLS = [page.urls[0] for page in PAGES]
RUN = RunConfig(network="1x28x28 flatten relu linear10", epochs=2, training_images=20)
FORK = fork(RUN, 0, "tanh", 0.005)
ADDRESSES = 6 * EFFORT
"""The number of addresses of each page. 2,000 of each have been tried once."""


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """The server starts its own workers, whose ports are tested too."""
    return {}


@pytest.fixture(scope="module")
def exposed(server: Server) -> Iterator[Server]:
    """Prepare a server with running workers and a secret file next to its store."""
    (server.home / "secret.txt").write_bytes(SECRET)
    train_into(server.store, RUN, FORK)
    asyncio.run(_visit(server.address, "train", ""))
    yield server
    (server.home / "secret.txt").unlink()


async def _visit(address: str, page: str, query: str) -> tuple[str, list[str]]:
    """Return the text of the page with this query, and the errors that it shows."""
    async with visitor(address, page, query) as tab:
        await tab.until_drawn(1)
        return tab.text(), tab.exceptions


def test_other_machines_reach_no_port_of_server_or_workers(exposed: Server) -> None:
    family = [psutil.Process(exposed.process.pid)]
    family += family[0].children(recursive=True)
    listening = [
        connection.laddr.ip
        for process in family
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > 3, "the workers do not listen yet"
    assert set(listening) == {"127.0.0.1"}


@pytest.mark.parametrize(
    "path",
    [
        "/../app.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/static/../../../../etc/passwd",
        "/app/static/../secret.txt",
        "/app/static/%2e%2e/%2e%2e/app.py",
        "/media/../../secret.txt",
        "/media/%2fetc%2fpasswd",
        "/component/../app.py",
        "/_stcore/../app.py",
        "//etc/passwd",
        "/hw5core/engine/limits.py",
        "/runs.sqlite",
        "/secret.txt",
        "/.streamlit/config.toml",
        "/static/%00",
    ],
)
def test_no_file_of_the_machine_is_served(exposed: Server, path: str) -> None:
    # http.client sends a path unchanged; a browser would normalise it.
    for requested in (path, path.replace("secret.txt", quote(str(exposed.home / "secret.txt"), safe=""))):
        connection = http.client.HTTPConnection(urlsplit(exposed.address).netloc, timeout=PATIENCE_SECONDS)
        connection.request("GET", requested)
        body = connection.getresponse().read()
        connection.close()
        sources = [(ROOT / name).read_bytes() for name in ("app.py", "hw5core/engine/limits.py")]
        for secret in (SECRET, b"root:", b"SQLite format", b"postScriptGC", *sources):
            assert secret not in body


def test_text_in_an_address_never_becomes_a_header(exposed: Server) -> None:
    host, port = urlsplit(exposed.address).netloc.split(":")
    for path in (
        "/?net=%0d%0aX-Injected:%20yes",
        "/train?seed=1%0d%0aSet-Cookie:%20owner=me",
        "/%0d%0aX-Injected:yes",
    ):
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            response = b"".join(iter(lambda: connection.recv(65_536), b""))
        headers = response.split(b"\r\n\r\n")[0].lower()
        assert b"x-injected" not in headers.replace(b"%0d%0ax-injected", b"")
        assert b"owner=me" not in headers


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_address_is_kept_out_of_the_referer_and_the_cookie_off_unencrypted_connections(
    exposed: Server, scheme: str
) -> None:
    # A proxy on this machine says how the browser has connected.
    request = urllib.request.Request(f"{exposed.address}/_stcore/health", headers={"X-Forwarded-Proto": scheme})
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
        assert response.headers["Referrer-Policy"] == "no-referrer"
        (cookie,) = response.headers.get_all("Set-Cookie")
    attributes = {part.strip().lower() for part in cookie.split(";")}
    assert "samesite=lax" in attributes
    assert ("secure" in attributes) == (scheme == "https")


@pytest.mark.parametrize("page", URLS)
def test_any_address_opens_a_page_without_an_error(exposed: Server, page: str) -> None:
    dice = random.Random(page)
    files_before = _files(exposed.home)
    parameters = asyncio.run(_parameters(exposed.address, page))
    for _ in range(ADDRESSES):
        query = random_query(dice, parameters, [RUN.run_id, FORK.run_id])
        text, exceptions = asyncio.run(_visit(exposed.address, page, query))
        assert not exceptions, query
        assert "Traceback" not in text, query
        assert SECRET.decode() not in text, query
        assert "root:x:0:0:" not in text, query  # how the system's list of users starts
    assert _files(exposed.home) == files_before, "an address has created a file"


@pytest.mark.parametrize("page", URLS)
def test_an_address_with_empty_parameters_opens_a_page(exposed: Server, page: str) -> None:
    parameters = asyncio.run(_parameters(exposed.address, page))
    text, exceptions = asyncio.run(_visit(exposed.address, page, "&".join(f"{key}=" for key in parameters)))
    assert not exceptions
    assert "Try this" in text


async def _parameters(address: str, page: str) -> list[str]:
    """Return every parameter that the page may read, but not the lecturer's: a page with that one draws nothing."""
    async with visitor(address, page) as tab:
        await tab.until_drawn(1)
        return sorted(parameters_of(tab) | parameters_in_sources() - {LECTURER})


def test_the_parameters_of_addresses_are_found(exposed: Server) -> None:
    found = set(asyncio.run(_parameters(exposed.address, "train")))
    assert {
        "seed",
        "learning-rate-mnist",
        "smoothing",
        "batch",
        "dataset",
        "lecture",
        "net",
        "run",
        "learning_rate",
    } <= found


def _files(home: Path) -> set[str]:
    """Return all files, except the temporary ones of SQLite and of the locks, and the unpacked images of a dataset.

    The first visitor who needs the images of a dataset lets the server unpack them.
    """
    temporary = (".lock", "-wal", "-shm")
    paths = [path.relative_to(home) for path in home.rglob("*") if not path.name.endswith(temporary)]
    return {str(path) for path in paths if path.parts[:2] != ("cache", "unpacked")}


async def _start_race(tab: Visitor) -> str:
    await tab.until_drawn(1)
    runs = len(tab.page_runs)
    await tab.press("Start the race")
    await tab.until_drawn(runs + 1)
    return tab.text()


def test_runs_beyond_the_limits_are_refused_and_the_server_stays_responsive(exposed: Server) -> None:
    largest = "1x28x28 " + "conv512k3p1 relu " * 40 + "flatten linear4096 relu linear10"
    allowed = "1x28x28 conv64k3p1 relu conv64k3p1 relu maxpool7 flatten linear10"

    async def visit_all() -> tuple[list[str], str]:
        texts = []
        for network in (largest, allowed):
            query = f"epochs-digits=200&batch-size=1000&network={quote(network)}"
            async with visitor(exposed.address, "train", query) as tab:
                await tab.until_drawn(1)
                texts.append(tab.text())
                if "Start the race" in tab.buttons:
                    texts.append(await _start_race(tab))
        return texts, (await _visit(exposed.address, "count", ""))[0]

    texts, other = asyncio.run(visit_all())
    assert any("the limits for training are" in text for text in texts)
    assert any("a batch size of 340 would work" in text for text in texts)
    assert "3,747,200" in other
    assert len(exposed.store.newest(10)) == 2, "a run beyond the limits was accepted"
