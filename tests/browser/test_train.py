"""The train page in a real browser: a race from the button to its end, with viewers."""

import re

import pytest
from playwright.sync_api import Page, expect

from tools.live import settle

pytestmark = pytest.mark.browser

FINISHED = "Finished. Results below"


def test_one_click_starts_a_race_that_everyone_with_the_link_sees(page: Page) -> None:
    waiting = page.context.new_page()
    waiting.add_init_script(
        "const Own = WebSocket; window.sockets = [];"
        "window.WebSocket = class extends Own { constructor(...how) { super(...how); window.sockets.push(this) } }"
    )
    for window in (waiting, page):
        window.goto("/train?epochs-digits=5")
        expect(window.get_by_text("not started")).to_have_count(2)
    page.get_by_role("button", name="Start the race").click()
    for window in (waiting, page):
        expect(window.get_by_text("running:").first).to_be_visible()
    # The chart keeps its SVG from the first loss to the last, so it does not flicker.
    svg = page.locator(".vega-embed svg").first
    svg.evaluate("element => element.dataset.marked = 'yes'")
    expect(waiting.get_by_role("button", name="The race is running")).to_be_disabled()
    waiting.evaluate("window.sockets.at(-1).close()")
    waiting.wait_for_function("window.sockets.length > 1")
    for window in (waiting, page):
        expect(window.get_by_text(FINISHED)).to_be_visible()
        expect(window.get_by_text("ReLU accuracy of epoch 4")).to_be_visible()
        expect(window.get_by_text("sigmoid accuracy of epoch 4")).to_be_visible()
    drawn = "paths => paths.filter(path => (path.getAttribute('d') || '').includes('L')).length"
    assert page.locator(".vega-embed").first.locator(".mark-line path").evaluate_all(drawn) == 2
    assert svg.get_attribute("data-marked") == "yes"
    page.reload()
    expect(page.get_by_text(FINISHED)).to_be_visible()
    _open_a_batch_by_a_click(page)


def test_a_deep_link_opens_its_page_as_the_first_visit_to_a_new_server(cold_page: Page) -> None:
    cold_page.goto("/train?dataset=mnist&seed=3&split_seed=2")
    expect(cold_page.get_by_role("heading", name="ReLU against sigmoid")).to_be_visible()
    expect(cold_page.get_by_role("link", name="Count", exact=True)).to_be_visible()
    expect(cold_page.get_by_role("spinbutton", name="seed")).to_have_value("3")
    expect(cold_page.get_by_text("42,000 training images")).to_be_visible()
    # An old name in the URL is replaced by the new one.
    expect(cold_page).to_have_url(re.compile(r"split-seed=2"))
    assert "split_seed" not in cold_page.url
    expect(cold_page.get_by_text("Page not found")).to_have_count(0)


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
    expect(page.get_by_test_id("stImage")).to_have_count(5)
    for label in ("ReLU", "sigmoid"):
        line = page.get_by_text(re.compile(rf"^{label}: \(.*\) / 5 = ")).inner_text()
        losses, mean = re.findall(r"\d+\.\d+", line)[:-1], re.findall(r"\d+\.\d+", line)[-1]
        assert sum(map(float, losses)) / 5 == pytest.approx(float(mean), abs=0.002)


def test_a_race_can_be_stepped_resumed_stopped_paused_and_deleted(page: Page) -> None:
    page.goto("/train?epochs-digits=200&seed=5")
    page.get_by_role("button", name="Step: one batch").click()
    expect(page.get_by_text("paused: 1 of 43,200 batches")).to_have_count(2)
    expect(page.get_by_text("Epoch 0, batch 0.")).to_be_visible()
    expect(page.get_by_test_id("stImage")).to_have_count(5)
    # A viewer sees the next step without a click.
    watcher = page.context.new_page()
    watcher.goto(page.url)
    expect(watcher.get_by_text("Epoch 0, batch 0.")).to_be_visible()
    page.get_by_role("button", name="Step: one batch").click()
    for window in (page, watcher):
        expect(window.get_by_text("Epoch 0, batch 1.")).to_be_visible()
        expect(
            window.get_by_text(re.compile("sigmoid: the first layer's gradient is [0-9,]+ times smaller"))
        ).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(watcher.get_by_text("running:").first).to_be_visible()
    page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Stop").click()
    expect(page.get_by_text("stopped:")).to_have_count(2)
    page.reload()
    expect(page.get_by_text("stopped:")).to_have_count(2)
    stopped = [int(text.replace(",", "")) for text in re.findall(r"stopped: ([\d,]+) of", page.inner_text("body"))]
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused:")).to_have_count(2)
    paused = [int(text.replace(",", "")) for text in re.findall(r"paused: ([\d,]+) of", page.inner_text("body"))]
    assert len(stopped) == len(paused) == 2
    assert all(after >= before > 2 for before, after in zip(stopped, paused, strict=True))
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("not started")).to_have_count(2)
