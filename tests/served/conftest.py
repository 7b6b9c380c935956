"""A real server for each file of tests, visited over websockets without a browser."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hw5core.store.store import RunStore
from tools.live import ROOT, serving


@dataclass(frozen=True)
class Server:
    """A running server. `home` is the folder of its store and cache."""

    address: str
    process: "subprocess.Popen[bytes]"
    home: Path
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def tracebacks(self) -> list[str]:
        """The tracebacks in the log that contain code of this project.

        Streamlit logs others when a client vanishes in the middle of a message or sends one that it cannot read.
        """
        ours = re.compile(f'"{re.escape(str(ROOT))}/(?!\\.venv)')
        return [part for part in self.log.split("Traceback (most recent call last):")[1:] if ours.search(part)]

    @property
    def store(self) -> RunStore:
        return RunStore(self.home)


@pytest.fixture(scope="module")
def environment(workers: str) -> dict[str, str]:
    """Return the variables of the file's server. A file whose server needs its own workers overrides this."""
    return {"HW5_SCHEDULER": workers}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Server]:
    """Serve the app with an empty store. At the end, check that it still runs and that its code raised nothing."""
    home = tmp_path_factory.mktemp("home")
    log = home / "server.log"
    with serving(home, log, environment) as (address, process):
        running = Server(address, process, home, log)
        yield running
        assert process.poll() is None, running.log
        assert not running.tracebacks, running.log
