"""The app served by compressed.py: the browser receives packed files, and everything else is as usual."""

import asyncio
import gzip
import re
import urllib.request
from pathlib import Path

import pytest

from tools.live import serving
from tools.visitor import visitor

pytestmark = pytest.mark.slow

QUERY = "epochs-digits=1&training-images=50&network=1x28x28+flatten+relu+linear10"


def test_files_are_compressed_and_a_race_works_when_its_link_is_the_first_visit(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with serving(tmp_path, log, script="compressed.py") as (address, _):
        asyncio.run(_race(address))
        start, _ = _load(address, "/")
        script = re.search(r'src="\./(static/js/index[^"]+)"', start.decode())
        assert script
        content, sent = _load(address, f"/{script[1]}")
        assert sent < len(content) / 2
    assert "Traceback" not in log.read_text()


async def _race(address: str) -> None:
    async with visitor(address, "train", QUERY) as tab:
        await tab.until_drawn(1)
        await tab.press("Start the race")
        await tab.until(lambda tab: "Finished. Results below" in tab.text())
        assert not tab.exceptions


def _load(address: str, path: str) -> tuple[bytes, int]:
    """Return a file's content as a browser sees it, and the bytes that were sent for it."""
    request = urllib.request.Request(address + path, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as response:
        sent = response.read()
        assert response.headers["Content-Encoding"] == "gzip"
    return gzip.decompress(sent), len(sent)
