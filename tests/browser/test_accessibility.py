"""Accessibility: axe-core finds no serious problem on any page, and the keyboard alone can do everything."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import fork
from hw5core.store.store import RunStore
from pages.parts.shared.page_list import PAGES
from pages.parts.shared.settings import fork_query
from tools.live import settle
from tools.training import train_into

pytestmark = pytest.mark.browser

RUN = RunConfig(activation="sigmoid", epochs=3, training_images=50)
FORKS = fork(RUN, 0, "relu", 0.005), fork(RUN, 1, "relu", 0.05), fork(RUN, 0, "sigmoid", 0.05)
RACE = race(RunConfig(epochs=1, learning_rate=0.05, training_images=50))
RACE_QUERY = "epochs-digits=1&training-images=50"
QUERIES = {
    "count": ["", "lecture=true"],
    "train": [f"{RACE_QUERY}&batch=3", "seed=1"],
    "why": [RACE_QUERY],
    "fork": [urlencode(fork_query(*FORKS))],
}
VIEWS = [f"/{page.urls[0]}?{query}" for page in PAGES for query in QUERIES.get(page.name, [""])]
SCHEMES: dict[Literal["light", "dark"], str] = {
    "light": "rgb(255, 255, 255)",
    "dark": "rgb(15, 21, 27)",
}
"""The page's background in each colour scheme, as .streamlit/config.toml sets it."""

_OF_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
"""The rules for the second scheme of a page. Only colours differ between the schemes."""

_CHECKED = {"exclude": [[".zoom_brush"], [".zoom_brush_bg"]]}
"""What axe checks. Vega-Lite gives the rectangle of a selection no name, and has no option for one."""

_REPORTED = {"resultTypes": ["violations"]}
"""What axe describes in full. Describing every element without a violation takes as long as finding the others."""

_OUTLINES = """element => {
  const outlines = []
  for (let part = element; part && outlines.length < 5; part = part.parentElement) {
    const { outlineStyle, outlineColor, borderColor, boxShadow } = getComputedStyle(part)
    outlines.push([outlineStyle, outlineColor, borderColor, boxShadow].join())
  }
  return outlines.join()
}"""
"""Return the outlines of an element and of the elements around it."""

_NAME = "element => `${element.tagName} ${(element.ariaLabel || element.textContent).slice(0, 30)}`"
"""Return the tag and the text of an element."""

_FOCUSED = f"""() => {{
  let element = document.activeElement
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
  return ({_NAME})(element)
}}"""
"""Return the tag and the text of the element that has the focus."""


def test_axe_finds_no_serious_problem_on_any_page_in_light_or_dark(page: Page, server_home: Path) -> None:
    train_into(RunStore(server_home), RUN, *FORKS, *RACE)
    found, schemes = [], list(SCHEMES)
    for path in VIEWS:
        # A page loads in the scheme of the page before it, because each switch draws everything again. A page that is
        # still loading may miss a switch.
        for scheme, options in zip(schemes, ({}, _OF_COLOURS), strict=True):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if scheme == schemes[0]:
                page.goto(path)
            expect(page.get_by_test_id("stApp")).to_have_css("background-color", SCHEMES[scheme])
            settle(page)
            violations = Axe().run(page, context=_CHECKED, options=_REPORTED | options).response["violations"]
            serious = [one for one in violations if one["impact"] in ("serious", "critical")]
            found += [(scheme, path, one["id"], [node["html"] for node in one["nodes"]]) for one in serious]
        schemes.reverse()
    assert not found


def test_the_keyboard_changes_moves_and_removes_a_layer(page: Page) -> None:
    page.goto("/?net=1x28x28+conv8k3+relu+maxpool2")
    line = page.get_by_role("textbox", name="The network in one line")
    _tab_to(page, page.get_by_role("slider", name="Conv2d-1 channels"))
    page.keyboard.press("ArrowRight")
    expect(page.locator(".hw5-number")).to_have_text("90")
    expect(line).to_have_value("1x28x28 conv9k3 relu maxpool2")
    _tab_to(page, page.get_by_role("button", name="Move layer 2 down"))
    page.keyboard.press("Enter")
    expect(line).to_have_value("1x28x28 conv9k3 maxpool2 relu")
    # The focus stays on the layer, so that the next key press moves it back.
    expect(page.get_by_role("button", name="Move layer 3 down")).to_be_focused()
    _tab_to(page, page.get_by_role("button", name="Move layer 3 up"), backwards=True, most=3)
    page.keyboard.press("Enter")
    expect(line).to_have_value("1x28x28 conv9k3 relu maxpool2")
    expect(page.get_by_role("button", name="Move layer 2 up")).to_be_focused()
    _tab_to(page, page.get_by_role("button", name="Remove layer 2"), most=3)
    page.keyboard.press("Enter")
    expect(line).to_have_value("1x28x28 conv9k3 maxpool2")
    _tab_to(page, page.get_by_role("button", name="Add at the end"))
    page.keyboard.press("Enter")
    expect(line).to_have_value("1x28x28 conv9k3 maxpool2 conv64k3p1")
    # Also past layers of the same kind, and although the key does not wait for the page.
    page.goto("/?net=1x28x28+conv7k3+conv8k3+conv9k3+conv6k3")
    settle(page)
    _tab_to(page, page.get_by_role("button", name="Move layer 1 down"))
    for _ in range(3):
        page.keyboard.press("Enter")
    expect(line).to_have_value("1x28x28 conv8k3 conv9k3 conv6k3 conv7k3")
    expect(page.get_by_role("button", name="Move layer 4 down")).to_be_focused()


def test_the_keyboard_starts_a_race_and_opens_a_batch(page: Page) -> None:
    page.goto(f"/train?{RACE_QUERY}&seed=2")
    settle(page)
    _tab_to(page, page.get_by_role("button", name="Start the race"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Finished. Results below")).to_be_visible()
    settle(page)
    _tab_to(page, page.get_by_role("spinbutton", name="open batch"))
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Epoch 0, batch 3.")).to_be_visible()
    page.wait_for_url("**batch=3**")
    # Screen readers read a description of each chart with its title.
    heading = page.get_by_role("heading", name="Test accuracy, every epoch")
    expect(heading).to_contain_text("% after epoch 0, sigmoid")


def test_the_guide_opens_once_and_never_in_lecture_mode(page: Page) -> None:
    page.goto("/?lecture=true")
    settle(page)
    guide = page.get_by_role("region", name="Guide")
    expect(guide).to_have_count(0)
    page.goto("/")
    expect(guide).to_contain_text("1 of 4")
    for _ in range(3):
        guide.get_by_role("button", name="Next").click()
    guide.get_by_role("button", name="Done").click()
    page.reload()
    settle(page)
    expect(guide).to_be_hidden()
    page.get_by_role("button", name="Show me around").click()
    expect(guide).to_be_visible()
    page.keyboard.press("Escape")
    expect(guide).to_be_hidden()


def _tab_to(page: Page, target: Locator, backwards: bool = False, most: int = 90) -> None:
    """Press Tab until the target has the focus, and check that its outline shows the focus."""
    expect(target).to_be_visible()
    before, name = target.evaluate(_OUTLINES), target.evaluate(_NAME)
    trail: list[str] = []
    while name not in trail[-1:] and len(trail) < most:
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        # By its name, because the list of layers may be drawn again at this moment.
        trail.append(page.evaluate(_FOCUSED))
    assert trail[-1] == name, f"Tab does not reach {name}, but {', '.join(trail)}"
    expect(target).to_be_focused()
    # Some borders fade into their colour.
    page.wait_for_function(
        f"([element, before]) => ({_OUTLINES})(element) !== before", arg=[target.element_handle(), before]
    )
