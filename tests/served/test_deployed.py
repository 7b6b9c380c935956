"""The app as a platform starts it: an environment from requirements.txt alone, another user, a read-only home folder
and a read-only repository. It shows its first page, runs a race, and writes only into its store and cache.

`make test` sets HW5_ENVIRONMENT to the environment that it has installed from requirements.txt. Without it, this test
installs one, which takes a minute or two.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from compileall import compile_dir
from pathlib import Path
from shlex import quote

import pytest

from tools.live import ROOT, serving
from tools.visitor import visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NOBODY = 65534
INSTALL_SECONDS = 600


@pytest.fixture(scope="module")
def machine() -> Iterator[Path]:
    """Prepare a folder with a copy of the repository, the environment, and the empty folders of the app.

    Other users can read it, unlike pytest's own folders. The modules are compiled, because this user cannot keep what
    each process would compile.
    """
    folder = Path(tempfile.mkdtemp(prefix="hw5-deployed-"))
    folder.chmod(0o755)
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, tracked.decode().split("\0")):
        (folder / "app" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / "app" / name)
    for name in ("hw5core", "pages"):
        assert compile_dir(folder / "app" / name, quiet=1)
    _install_environment(folder / "environment")
    for name in ("home", "store", "temporary"):
        (folder / name).mkdir()
    if os.getuid() == 0:
        for name in ("store", "temporary"):
            os.chown(folder / name, NOBODY, NOBODY)
    subprocess.run(["chmod", "-R", "a-w,a+rX", folder / "app", folder / "home"], check=True)
    yield folder
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    shutil.rmtree(folder)


def test_the_app_runs_with_its_requirements_only_and_writes_only_into_its_store(machine: Path) -> None:
    python = _as_another_user(machine)
    write = [python, "-c", "open('mark', 'w')"]
    assert subprocess.run(write, cwd=machine / "app", stderr=subprocess.DEVNULL, check=False).returncode
    before = _files(machine)
    environment = {"HOME": str(machine / "home"), "TMPDIR": str(machine / "temporary"), "HW5_DATA": ""}
    with serving(
        machine / "store",
        environment=environment,
        python=python,
        folder=machine / "app",
    ) as (address, _):
        asyncio.run(_visit(address))
        assert _files(machine / "temporary") == set()
    written = _files(machine) - before
    assert (machine / "store" / "runs.sqlite") in written
    assert all(path.is_relative_to(machine / "store") for path in written), written


async def _visit(address: str) -> None:
    """Visit the first page, run a race on the digits, and open the recorded race on MNIST."""
    async with visitor(address) as first:
        await first.until_drawn(1)
        assert "Count the parameters" in first.text()
        assert not first.exceptions
    async with visitor(address, "train", "epochs-digits=1") as tab:
        await tab.until_drawn(1)
        await tab.press("Start the race")
        await tab.until(lambda tab: "Finished. Results below" in tab.text())
        assert not tab.exceptions
    async with visitor(address, "train", "dataset=mnist") as tab:
        await tab.until_drawn(1)
        assert "**Recorded** on" in tab.text()


def _install_environment(place: Path) -> None:
    given = os.environ.get("HW5_ENVIRONMENT")
    if given:
        place.symlink_to(given)
        return
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    pip = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", place.parent / "app" / "requirements.txt"], check=True, timeout=INSTALL_SECONDS)
    subprocess.run(["chmod", "-R", "a-w,a+rX", place], check=True)


def _as_another_user(folder: Path) -> Path:
    """Return the command of the environment's Python as a user who may not write.

    Under root that is another user, who may read everything, because the interpreter may be in root's home folder. An
    ordinary user is stopped by the modes of the files.
    """
    python = folder / "environment" / "bin" / "python"
    if os.getuid() != 0:
        return python
    rights = " ".join(f"--{kind}=-all,+dac_read_search" for kind in ("inh-caps", "ambient-caps", "bounding-set"))
    wrapper = folder / "python-as-another"
    wrapper.write_text(
        f'#!/bin/sh\nexec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups {rights} {quote(str(python))} "$@"\n'
    )
    wrapper.chmod(0o755)
    return wrapper


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}
