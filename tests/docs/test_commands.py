"""Every command in README.md and docs/ works as written, in a fresh copy of the repository.

A fenced `sh` block is one shell script. The blocks of a section run in order, in one copy. A block whose last line
starts a server stays running until its section ends, as in a reader's other terminals. REPLACED lists everything that
differs from the written text, with the reason.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from compileall import compile_dir
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Run, Status
from hw5core.store.store import RunStore
from tests.docs.markdown import DOCUMENTS, Section, inline_code, sections
from tools.live import ROOT, free_port
from tools.visitor import visitor
from tools.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# Written text: what runs instead, and why.
REPLACED = {
    "make test": ("make --dry-run test", "it would run this test again"),
    "make precompute": ("make --dry-run precompute", "it trains for minutes"),
    "prewarm --seeds 0,1,2": (
        "prewarm --seeds 0 --activations relu --epochs 1 --training-images 100",
        "the whole race takes minutes",
    ),
    "-m benchmarks sheet": ("-c 'import benchmarks.sheet'", "it trains for minutes"),
    "-m benchmarks why": ("-c 'import benchmarks.why'", "it trains for minutes"),
    "-m tools.screenshots --readme": ("-m tools.screenshots --help", "it trains for minutes, in a browser"),
    "python3 -m venv .venv": ("test -x .venv/bin/python", "the environment of this test run is used again"),
    "/path/to/data": ("{data}", "a placeholder; HW5_DATA of this test run"),
    "/path/to/volume": ("{volume}", "a placeholder"),
    "scheduler.example.edu:8786": ("127.0.0.1:{scheduler}", "a placeholder; the port may be in use"),
    "--port 8786": ("--port {scheduler}", "the port may be in use"),
}

SERVERS = re.compile(r"^[^#]*\b(make run|streamlit run app\.py|dask scheduler|dask worker)\b.*\Z", re.MULTILINE)

SECTIONS = [section for path in DOCUMENTS for section in sections(path) if section.scripts]


@dataclass(frozen=True)
class Terminal:
    """A fresh copy of the repository, and the environment variables and replacements for its commands."""

    folder: Path
    variables: dict[str, str]
    values: dict[str, str]

    def replaced(self, script: str) -> str:
        """Return the script as it runs here. Skip the test if it needs MNIST and there is none."""
        for written, (instead, _) in REPLACED.items():
            script = script.replace(written, instead)
        if "{data}" in script and not self.values["data"]:
            pytest.skip("HW5_DATA names no folder with the real MNIST")
        for name, value in self.values.items():
            script = script.replace(f"{{{name}}}", value)
        return script

    def start(self, script: str, log: Path) -> "subprocess.Popen[bytes]":
        """Start a script in its own process group."""
        return subprocess.Popen(
            ["bash", "-euc", self.replaced(script)],
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def home_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all documents: a command that stands in two of them trains once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all files that git knows. The app's modules are compiled, so that not each section compiles them."""
    folder = tmp_path_factory.mktemp("repository")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, tracked.decode().split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    assert compile_dir(folder / "hw5core", quiet=1)
    assert compile_dir(folder / "pages", quiet=1)
    return folder


@pytest.fixture
def terminal(repository: Path, tmp_path: Path, home_of_all: Path) -> Terminal:
    """A fresh copy of the repository, with the environments of this test run."""
    folder = tmp_path / "fresh"
    shutil.copytree(repository, folder)
    environment = Path(os.environ.get("HW5_ENVIRONMENT") or ROOT / ".venv")
    if not (environment / "bin" / "streamlit").exists():
        pytest.skip("the app's environment is not in .venv or HW5_ENVIRONMENT: make test creates it")
    (folder / ".venv").symlink_to(environment.resolve())
    (folder / ".venv-tools").symlink_to(sys.prefix)
    for requirements in folder.glob("requirements*.txt"):
        os.utime(requirements, (0, 0))  # older than the environments, so make does not install them again
    return Terminal(folder, _variables(home_of_all), _values(tmp_path))


def _variables(home: Path) -> dict[str, str]:
    """Return the variables of a reader's terminal: no active environment, and nothing set for the app."""
    own = (str(ROOT), os.environ.get("VIRTUAL_ENV") or str(ROOT))
    path = [folder for folder in os.environ["PATH"].split(":") if not folder.startswith(own)]
    ours = re.compile("HW5_|PYTHON|VIRTUAL_ENV|DASK_|STREAMLIT_|MAKE|MFLAGS|PIP_")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    port = str(free_port())
    return kept | {
        "PATH": ":".join(path),
        "HW5_HOME": str(home),
        "PORT": port,
        "STREAMLIT_SERVER_PORT": port,
        "STREAMLIT_SERVER_HEADLESS": "true",  # no browser window
        "PIP_NO_INDEX": "1",  # pip checks that the environment fits, and downloads nothing
    }


def _values(folder: Path) -> dict[str, str]:
    return {
        "data": os.environ.get("HW5_DATA", ""),
        "volume": str(folder / "volume"),
        "scheduler": str(free_port()),
    }


@pytest.mark.parametrize("section", SECTIONS, ids=str)
def test_the_commands_of_a_section_work(section: Section, terminal: Terminal) -> None:
    run_section(section, terminal)


def run_section(section: Section, terminal: Terminal) -> None:
    """Run the blocks of a section in order, and stop its servers. Raises AssertionError for a command that fails."""
    with ExitStack() as servers:
        for number, script in enumerate(section.scripts):
            log = terminal.folder.parent / f"{number}.log"
            if match := SERVERS.search(script.strip()):
                servers.enter_context(_server(match[1], script, terminal, log))
            else:
                _run(script, terminal, log)


def _run(script: str, terminal: Terminal, log: Path) -> None:
    process = terminal.start(script, log)
    try:
        status = process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        status = None  # a server that SERVERS does not know
    finally:
        _end(process)
    assert status == 0, f"{script}\nended with {status}:\n{log.read_text()}"


@contextmanager
def _server(name: str, script: str, terminal: Terminal, log: Path) -> Iterator[None]:
    """Start a server, wait until it works, and end it afterwards."""
    process = terminal.start(script, log)
    try:
        wait_until(lambda: process.poll() is not None or _READY[name](terminal, log), log.read_text)
        assert process.poll() is None, f"{script}\nended:\n{log.read_text()}"
        if "HW5_SCHEDULER" in script:
            asyncio.run(_race_in_browser(terminal))
        yield
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End everything that a script started: it has its own process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            process.poll()
            os.killpg(process.pid, 0)  # raises ProcessLookupError when all have ended
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _app_answers(terminal: Terminal, _log: Path) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{terminal.variables['PORT']}/_stcore/health", timeout=1).close()
    except OSError:
        return False
    return True


def _logged(words: str) -> Callable[[Terminal, Path], bool]:
    return lambda _terminal, log: words in log.read_text()


_READY: dict[str, Callable[[Terminal, Path], bool]] = {
    "make run": _app_answers,
    "streamlit run app.py": _app_answers,
    "dask scheduler": _logged("Scheduler at:"),
    "dask worker": _logged("Registered to:"),
}


async def _race_in_browser(terminal: Terminal) -> None:
    """Start a race of one epoch in the app, and wait until the cluster has trained it."""
    port = terminal.variables["PORT"]
    config = RunConfig(epochs=1, learning_rate=0.05, seed=int(port))
    async with visitor(f"http://127.0.0.1:{port}", "train", f"epochs-digits=1&seed={config.seed}") as tab:
        await tab.until_drawn(1)
        await tab.press("Start the race")
        store = RunStore(Path(terminal.variables["HW5_HOME"]))

        def runs() -> list[Run | None]:
            return [store.run(one.run_id) for one in race(config)]

        await asyncio.to_thread(
            wait_until, lambda: all(run and run.status is Status.FINISHED for run in runs()), otherwise=runs
        )


@pytest.mark.parametrize(
    "script",
    [
        "make nothing-of-this-name",
        "pip install -r requirements.txt nothing-of-this-name",
        ".venv/bin/python -m hw5core params --preset nothing-of-this-name",
    ],
)
def test_a_command_that_does_not_work_is_noticed(script: str, terminal: Terminal) -> None:
    with pytest.raises(AssertionError, match="ended with"):
        run_section(Section("a document", "a section", (("sh", script),)), terminal)


def test_every_replacement_is_still_written_somewhere() -> None:
    written = "\n".join(script for section in SECTIONS for script in section.scripts)
    assert [text for text in REPLACED if text not in written] == []


def test_commands_stand_in_blocks_that_are_run() -> None:
    languages = {language for path in DOCUMENTS for section in sections(path) for language, _ in section.blocks}
    assert languages <= {"sh", "python", "text", "toml", "css", "diff"}, "commands need the language sh"
    lines = [line for section in SECTIONS for script in section.scripts for line in script.splitlines()]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for path in DOCUMENTS:
        for code in inline_code(path):
            if target := re.fullmatch(r"make (\w+)", code):
                assert target[1] in targets, f"{path.name}: the Makefile has no {code}"
            elif re.match(r"(\.venv\S*/bin/)?(python3?|pip|dask|streamlit|git|pytest|openssl) ", code):
                assert any(code in line for line in lines), f"{path.name}: nothing runs {code}"
