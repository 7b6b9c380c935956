"""The first page of a new server: its numbers and its drawing appear before anything slow is imported.

`python -m benchmarks first_page` measures how long that takes.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

# Importing any of these takes a large part of the time in which an empty app starts.
HEAVY = ("numpy", "pandas", "pyarrow", "altair", "dask", "distributed", "sqlite3", "torch")

# The program looks for the heavy modules afterwards. It does not block them, because without pandas Streamlit takes
# another path.
_FIRST_PAGE = """
import sys
sys.modules[{blocked!r}] = None
from streamlit.testing.v1 import AppTest
page = AppTest.from_file("app.py", default_timeout={patience}).run()
print("loaded:", [name for name in {heavy!r} if name in sys.modules])
for kind in ("html", "markdown", "bidi_component"):
    print(*(element.proto for element in page.get(kind)), sep="\\n")
"""


def _draw_without(blocked: str) -> str:
    """Draw the first page in a new process in which this module cannot be imported. Return the heavy modules that were
    imported, and the elements that were drawn up to there."""
    program = _FIRST_PAGE.format(blocked=blocked, heavy=HEAVY, patience=PATIENCE_SECONDS)
    without_workers = os.environ | {"HW5_SCHEDULER": "tcp://127.0.0.1:9"}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, env=without_workers, capture_output=True, text=True).stdout


def test_the_numbers_the_editor_and_the_drawing_need_nothing_heavy() -> None:
    drawn = _draw_without("pages.parts.count.bars")
    assert "loaded: []" in drawn
    assert '<span class="hw5-number">3,747,200</span>' in drawn.replace('\\"', '"')
    for component in ("hw5_guide", "hw5_layer_editor", "hw5_live_table", "hw5_drawing"):
        assert component in drawn


def test_the_check_can_fail() -> None:
    assert "'pandas', 'pyarrow', 'altair'" in _draw_without("pages.parts.shared.server")
