"""What a new server's first visitor waits for: the numbers and the drawing are there before anything heavy is imported.

How long that takes `python -m benchmarks first_page` measures; here no clock is needed.
"""

import subprocess
import sys
from pathlib import Path

from tools.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]

# Each of them takes a good part of an empty app's whole start; none is needed to count.
HEAVY = ("numpy", "pandas", "pyarrow", "altair", "dask", "distributed", "sqlite3", "torch")

# Nothing heavy is blocked, it is looked for afterwards: where pandas cannot be imported Streamlit does without it.
_FIRST_PAGE = """
import sys
sys.modules[{blocked!r}] = None
from streamlit.testing.v1 import AppTest
page = AppTest.from_file("app.py", default_timeout={patience}).run()
print("loaded:", [name for name in {heavy!r} if name in sys.modules])
for kind in ("html", "markdown", "bidi_component"):
    print(*(element.proto for element in page.get(kind)), sep="\\n")
"""


def _drawn_without(blocked: str) -> str:
    """What has been loaded, and what the first page of a new process shows, where it comes to this module and stops."""
    program = _FIRST_PAGE.format(blocked=blocked, heavy=HEAVY, patience=PATIENCE_SECONDS)
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True).stdout


def test_the_numbers_the_editor_and_the_drawing_wait_for_nothing_heavy() -> None:
    drawn = _drawn_without("pages.parts.count.bars")
    assert "loaded: []" in drawn
    assert '<span class="hw5-number">3,747,200</span>' in drawn.replace('\\"', '"')
    for component in ("hw5_guide", "hw5_layer_editor", "hw5_live_table", "hw5_drawing"):
        assert component in drawn


def test_the_guard_can_fail() -> None:
    assert "'pandas', 'pyarrow', 'altair'" in _drawn_without("pages.parts.shared.server")
