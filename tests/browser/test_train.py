"""The train page in a real browser: a race from the button to its end, with viewers."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hw5core.runs.config import RunConfig, race
from hw5core.store.store import RunStore
from tests.networks import LONG, SLOW
from tools.live import settle
from tools.training import train_into
from tools.waiting import wait_until

pytestmark = pytest.mark.browser

FINISHED = "Finished. Results below"
BATCH_IMAGES = '.st-key-race-controls [data-testid="stImage"] img'
FINISHED_RACE = race(RunConfig(epochs=1, learning_rate=0.05, seed=9))
CHART = ".st-key-loss-chart .vega-embed"
_NOTE_REDRAW = """new MutationObserver(() => { window.redrawn = true }).observe(
  document.querySelector('[data-testid=stApp]'), { attributeFilter: ['data-test-script-state'] })"""
"""Note when the page is drawn again."""


def test_one_click_starts_a_race_that_everyone_with_the_link_sees(page: Page, own_page: Page) -> None:
    watcher = own_page
    watcher.add_init_script(
        "const Own = WebSocket; window.sockets = [];"
        "window.WebSocket = class extends Own { constructor(...how) { super(...how); window.sockets.push(this) } }"
    )
    for window in (watcher, page):
        window.goto(f"/train?{LONG}")
        expect(window.get_by_text("not started")).to_have_count(2)
    page.get_by_role("button", name="Start the race").click()
    for window in (watcher, page):
        expect(window.get_by_text("running:").first).to_be_visible()
    expect(watcher.get_by_role("button", name="The race is running")).to_be_disabled()
    watcher.evaluate("window.sockets.at(-1).close()")
    watcher.wait_for_function("window.sockets.length > 1")
    page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Stop").click()
    for window in (watcher, page):
        expect(window.get_by_text("stopped:")).to_have_count(2)


def test_a_race_is_drawn_from_its_first_batch_to_its_results(page: Page) -> None:
    page.goto("/train?epochs-digits=5&seed=1")
    page.get_by_role("button", name="Step: one batch").click()
    expect(page.get_by_text("paused: 1 of 1,080 batches")).to_have_count(2)
    settle(page)
    # The chart keeps its SVG from the first loss to the last, so it does not flicker.
    svg = page.locator(".vega-embed svg").first
    svg.evaluate("element => element.dataset.marked = 'yes'")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(FINISHED)).to_be_visible()
    expect(page.get_by_text("ReLU accuracy of epoch 4")).to_be_visible()
    expect(page.get_by_text("sigmoid accuracy of epoch 4")).to_be_visible()
    expect(page.locator(".vega-embed").first.locator(".mark-line path[d*=L]")).to_have_count(2)
    assert svg.get_attribute("data-marked") == "yes"
    page.reload()
    expect(page.get_by_text(FINISHED)).to_be_visible()
    _open_a_batch_by_a_click(page)


def _open_a_batch_by_a_click(page: Page) -> None:
    """Click into the chart: the batch's five images appear, and each network's five losses with their mean."""
    chart = page.locator(".vega-embed").first
    expect(chart.locator(".mark-line path").last).to_be_visible()
    settle(page)  # the chart moves while parts of the page are still missing
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"])
    expect(page.get_by_text(re.compile(r"Epoch \d+, batch \d+"))).to_be_visible()
    expect(page.locator(BATCH_IMAGES)).to_have_count(5)
    for label in ("ReLU", "sigmoid"):
        text = page.get_by_text(f"Loss of {label}: (").inner_text()
        losses, mean = re.findall(r"\d+\.\d+", text)[:-1], re.findall(r"\d+\.\d+", text)[-1]
        assert sum(map(float, losses)) / 5 == pytest.approx(float(mean), abs=0.002)


def test_a_race_can_be_stepped_resumed_stopped_paused_and_deleted(page: Page, watcher: Page, server_home: Path) -> None:
    long_race = race(RunConfig(network=SLOW, epochs=200, learning_rate=0.05, seed=5))
    page.goto(f"/train?{LONG}&seed=5")
    page.get_by_role("button", name="Step: one batch").click()
    expect(page.get_by_text("paused: 1 of 43,200 batches")).to_have_count(2)
    expect(page.get_by_text("Epoch 0, batch 0.")).to_be_visible()
    expect(page.locator(BATCH_IMAGES)).to_have_count(5)
    # A viewer sees the next step without a click, and keeps a number that is not sent yet.
    watcher.goto(page.url)
    expect(watcher.get_by_text("Epoch 0, batch 0.")).to_be_visible()
    watcher.get_by_role("spinbutton", name="open batch").press_sequentially("12")
    page.get_by_role("button", name="Step: one batch").click()
    for window in (page, watcher):
        expect(window.get_by_text("Epoch 0, batch 1.")).to_be_visible()
        expect(
            window.get_by_text(re.compile("sigmoid: the first layer's gradient is [0-9,]+ times smaller"))
        ).to_be_visible()
    expect(watcher.get_by_role("spinbutton", name="open batch")).to_have_value("12")
    page.get_by_role("button", name="Resume").click()
    # Both networks have trained more than the two single steps.
    expect(watcher.get_by_text(re.compile(r"running: ([3-9]|\d[\d,]+) of"))).to_have_count(2)
    page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Stop").click()
    expect(page.get_by_text("stopped:")).to_have_count(2)
    # Until a stopped training has stored its last checkpoint, Resume would continue from an older one.
    store = RunStore(server_home)
    wait_until(lambda: all(store.settled(run.run_id) for run in long_race), lambda: "no last checkpoint")
    page.reload()
    expect(page.get_by_text("stopped:")).to_have_count(2)
    stopped = [int(text.replace(",", "")) for text in re.findall(r"stopped: ([\d,]+) of", page.inner_text("body"))]
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused:")).to_have_count(2)
    paused = [int(text.replace(",", "")) for text in re.findall(r"paused: ([\d,]+) of", page.inner_text("body"))]
    assert len(stopped) == len(paused) == 2
    assert all(after >= before > 2 for before, after in zip(stopped, paused, strict=True))
    # The question counts the sessions that watch when it is drawn, and a page that is drawn again does not watch yet.
    expect(watcher.get_by_text("Paused. Anyone may resume")).to_be_visible()
    page.get_by_role("button", name="Delete this race for everyone").click()
    expect(page.get_by_text("One other session is watching.")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    for window in (page, watcher):
        expect(window.get_by_text("ReLU, sigmoid: deleted by its owner.")).to_be_visible()
        expect(window.get_by_text("not started")).to_have_count(2)
    page.get_by_role("button", name="Undo the deletion").click()
    for window in (page, watcher):
        expect(window.get_by_text("paused:")).to_have_count(2)
        expect(window.get_by_text("deleted by its owner")).to_have_count(0)


def test_results_fit_on_one_screen_a_drag_zooms_and_the_wheel_scrolls(page: Page, server_home: Path) -> None:
    train_into(RunStore(server_home), *FINISHED_RACE)
    page.set_viewport_size({"width": 1280, "height": 800})
    # Scoreboard and loss chart fit on one screen, also in lecture mode.
    for mode in ("&lecture=true", ""):
        page.goto(f"/train?epochs-digits=1&seed=9{mode}")
        settle(page)
        for part in (page.locator(".hw5-board"), page.locator(CHART).locator("svg")):
            expect(part).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Close").click()  # the guide of the first visit is above the chart
    box = page.locator(CHART).bounding_box()
    assert box is not None
    at, middle = (lambda share: box["x"] + share * box["width"]), box["y"] + box["height"] / 2
    page.mouse.move(at(0.5), middle)
    page.mouse.down()
    page.mouse.move(at(0.6), middle, steps=4)
    page.mouse.move(at(0.8), middle, steps=4)
    page.mouse.up()
    expect(page.get_by_role("button", name="Show all batches")).to_be_visible()
    expect(page.locator(CHART).get_by_text("0", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Show all batches").click()
    expect(page.get_by_role("button", name="Show all batches")).to_have_count(0)
    page.mouse.move(at(0.5), middle)
    page.mouse.wheel(0, 300)
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop > 0")


def test_a_typed_number_survives_the_redraw_that_an_open_page_asks_for_every_minute(
    own_page: Page, server_home: Path
) -> None:
    train_into(RunStore(server_home), *FINISHED_RACE)
    page = own_page
    page.clock.install()
    page.goto("/train?epochs-digits=1&seed=9")
    settle(page)
    batch = page.get_by_role("spinbutton", name="open batch")
    batch.press_sequentially("1")
    page.evaluate(_NOTE_REDRAW)
    page.clock.fast_forward("01:01")
    page.wait_for_function("window.redrawn")
    settle(page)
    batch.press_sequentially("2")
    expect(batch).to_have_value("12")
    batch.press("Enter")
    expect(page.get_by_text("Epoch 0, batch 12.")).to_be_visible()
