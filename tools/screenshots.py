"""Pictures of every page, in light and dark at four widths, with trained runs: `make screenshots`.

They go to build/screenshots. `python -m tools.screenshots [picture ...]` takes only these; `--readme` takes the picture
of the README instead, a race half way, on MNIST if HW5_DATA has it.
"""

import argparse
import tempfile
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser

from hw5core.data.datasets import DATASETS, is_available
from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import Normalisation, fork
from hw5core.store.store import RunStore
from pages.parts.shared.page_list import PAGES
from pages.parts.shared.settings import fork_query
from tools.live import ROOT, chromium, served, settle
from tools.training import train_into
from tools.waiting import PATIENCE_MS

FOLDER = ROOT / "build" / "screenshots"
README_PICTURE = ROOT / "docs" / "race.png"
RACE = race(RunConfig(epochs=DATASETS["digits"].epochs, learning_rate=DATASETS["digits"].learning_rate))
"""A race of digits."""

FORKS = (
    fork(RACE[1], 2, "relu", RACE[1].learning_rate),
    fork(RACE[1], 5, "sigmoid", RACE[1].learning_rate, Normalisation.INSERTED),
    fork(RACE[1], 2, "relu", 0.1),
    fork(RACE[1], 0, "tanh", 0.02),
)
VIEWS = {page.name: f"/{page.urls[0]}" for page in PAGES} | {
    "count-misfit": "/?net=3x32x32+conv16k3p1+relu+maxpool2+conv32k3+relu+conv64k30+flatten+linear10",
    "count-lecture": "/?lecture=true",
    "train-digits": "/train?dataset=digits",
    "train-before": "/train?seed=1",
    "train-batch": "/train?batch=2000",
    "train-lecture": "/train?dataset=digits&lecture=true",
    "runs-compared": f"/runs?{urlencode([('compare', one.run_id) for one in (*RACE, *FORKS)])}",
    "fork-two": f"/fork?{urlencode(fork_query(*FORKS[:2]))}",
    "fork-four": f"/fork?{urlencode(fork_query(*FORKS))}",
    "fork-lecture": f"/fork?lecture=true&{urlencode(fork_query(*FORKS[:2]))}",
}
"""The address of each picture, by the picture's name."""

WIDTHS = {1920: 1080, 1280: 800, 1024: 768, 390: 844}
"""The width and the height of each window, in pixels."""

_MAX_HEIGHT = 9_000
_GUIDE_SEEN = "".join(f"localStorage.setItem('hw5 guide {page.name}', 'seen');" for page in PAGES)
_HEIGHT = """() => Math.max(...[...document.querySelectorAll('[data-testid="stMain"]')].map(e => e.scrollHeight))"""

_HALF_WAY = """() => {
  const number = text => Number(text.replaceAll(',', ''))
  const runs = [...document.body.innerText.matchAll(/running: ([\\d,]+) of ([\\d,]+)/g)]
  return runs.length === 2 && runs.every(([, done, all]) => number(done) > number(all) / 2)
}"""


def main(chosen: list[str], readme: bool) -> None:
    """Train the runs that the pictures show, serve the app, and take the pictures."""
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as address, chromium() as browser:
        if readme:
            _picture_for_readme(browser, address)
            return
        train_into(RunStore(Path(home)), *RACE, *FORKS)
        for name, scheme, width in product(chosen or VIEWS, ("light", "dark"), WIDTHS):
            _picture(browser, address, name, scheme, width)


def _picture(browser: Browser, address: str, name: str, scheme: str, width: int) -> None:
    """Take two pictures: the first view, and the whole page in a window of its height."""
    context = browser.new_context(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(_GUIDE_SEEN)
    page.goto(address + VIEWS[name])
    settle(page)
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}-{width}-{scheme}-first.png")
    page.set_viewport_size({"width": width, "height": min(_MAX_HEIGHT, page.evaluate(_HEIGHT) + 40)})
    settle(page)
    page.screenshot(path=FOLDER / f"{name}-{width}-{scheme}.png")
    context.close()


def _picture_for_readme(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 1130})
    page.add_init_script(_GUIDE_SEEN)
    page.set_default_timeout(PATIENCE_MS)
    # The recorded race of the homework has another seed.
    page.goto(f"{address}/train?seed=1&dataset={'mnist' if is_available('mnist') else 'digits'}")
    page.get_by_role("button", name="Start the race").click()
    page.wait_for_function(_HALF_WAY, timeout=5 * PATIENCE_MS)
    page.screenshot(path=README_PICTURE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="*", choices=[[], *VIEWS])
    parser.add_argument("--readme", action="store_true", help="take docs/race.png instead")
    options = parser.parse_args()
    main(options.pictures, options.readme)
