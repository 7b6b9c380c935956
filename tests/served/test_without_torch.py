"""A machine for which there is no PyTorch, such as an Intel Mac: counting and the recorded race work, and the rest says
what is missing."""

import asyncio
import os
import subprocess
import venv
from pathlib import Path

import pytest

from hw5core.training.availability import MISSING
from pages.parts.shared.page_list import PAGES
from tools.live import ROOT, serving
from tools.visitor import visitor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment with every package of the app's except PyTorch."""
    environment = Path(os.environ.get("HW5_ENVIRONMENT") or ROOT / ".venv")
    packages = next(environment.glob("lib/python3*/site-packages"), None)
    if packages is None:
        pytest.skip("the app's environment is not in .venv or HW5_ENVIRONMENT: make test creates it")
    place = tmp_path_factory.mktemp("without-torch")
    venv.create(place, with_pip=False)
    own = next(place.glob("lib/python3*/site-packages"))
    for package in packages.iterdir():
        if not package.name.startswith(("torch-", "torchvision", "torchgen", "functorch")) and package.name != "torch":
            (own / package.name).symlink_to(package)
    return place / "bin" / "python"


def _run(python: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([python, "-m", "hw5core", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_terminal_counts_and_says_that_it_cannot_train(python: Path) -> None:
    assert "3,747,200" in _run(python, "params", "--preset", "homework").stdout
    receipt = next((ROOT / "hw5core" / "runs" / "recorded").iterdir())
    for command in (["train", "--epochs", "1"], ["prewarm"], ["verify", str(receipt)]):
        done = _run(python, *command)
        assert done.returncode == 2
        assert done.stderr == f"error: {MISSING}\n"


def test_every_page_opens_the_recorded_race_is_shown_and_training_says_what_is_missing(
    python: Path, tmp_path: Path
) -> None:
    log = tmp_path / "server.log"
    with serving(tmp_path, log, python=python) as (address, _):
        asyncio.run(_visit_all(address))
    assert "Traceback" not in log.read_text()


async def _visit_all(address: str) -> None:
    for page in PAGES:
        async with visitor(address, page.urls[0]) as tab:
            await tab.until_drawn(1)
            assert not tab.exceptions
            assert "Try this" in tab.text()
    async with visitor(address, "count") as tab:
        await tab.until(lambda tab: f"PyTorch has not checked the counts above: {MISSING}" in tab.text())
        assert "3,747,200" in tab.text()
    async with visitor(address, "train", "dataset=mnist") as tab:
        await tab.until_drawn(1)
        assert "**Recorded** on" in tab.text()
        await tab.press("Start the race")
        await tab.until(lambda tab: MISSING in tab.text())
        assert not tab.exceptions
