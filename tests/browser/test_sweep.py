"""The sweep page in a real browser: a sweep from the button to its charts, and its races in the list of runs."""

import pytest
from playwright.sync_api import Page, expect

from tools.live import settle

pytestmark = pytest.mark.browser

NETWORK = "1x28x28+flatten+linear16+relu+linear10"
NASTY = "<script>alert(1)</script> **bold**"


def test_a_sweep_ends_with_bands_and_its_races_can_be_renamed_and_deleted(page: Page) -> None:
    page.goto(f"/sweep?epochs-digits=3&seeds=2&learning-rates-digits=0.05&network={NETWORK}")
    page.get_by_role("button", name="Start the sweep").click()
    expect(page.get_by_text("Finished. Results below")).to_be_visible()
    expect(page.get_by_text("4 of 4 runs are finished")).to_be_visible()
    # Each chart has a band and a mean per network. The row that only holds the reference lines draws nothing.
    for number in range(3):
        for mark in (".mark-area", ".mark-line"):
            expect(page.locator(".vega-embed").nth(number).locator(f"{mark} path[d*=L]")).to_have_count(2)
    _follow_a_cell_to_its_race(page)
    _rename_and_delete_a_race(page)


def _follow_a_cell_to_its_race(page: Page) -> None:
    cell = page.locator(".hw5-grid td a").first
    accuracy = cell.inner_text()
    cell.click()
    expect(page.get_by_text("Finished. Results below")).to_be_visible()
    expect(page.locator(".hw5-number").first).to_have_text(accuracy)


def _rename_and_delete_a_race(page: Page) -> None:
    """Rename both runs of a race, delete them, and undo that. The link names the selected runs."""
    page.get_by_test_id("stTopNav").get_by_role("link", name="Runs").click()
    expect(page.get_by_text("4 runs", exact=True)).to_be_visible()
    settle(page)
    table = page.get_by_test_id("stDataFrame")
    box = table.bounding_box()
    assert box is not None
    for row in (0, 1):
        page.mouse.click(box["x"] + 20, box["y"] + 36 * (row + 1) + 18)
    expect(page.locator(".vega-embed")).to_have_count(2)
    page.wait_for_url("**compare=**compare=**")
    # For one run, this button has another name. The button Rename for both runs is drawn before it.
    expect(page.get_by_role("button", name="Delete this selection for everyone")).to_be_visible()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill(NASTY)
    page.get_by_role("button", name="Save name").click()
    expect(page.get_by_role("heading", name="Test accuracy, every epoch")).to_contain_text(NASTY)
    page.get_by_role("button", name="Delete this selection for everyone").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("2 runs", exact=True)).to_be_visible()
    page.get_by_role("button", name="Undo the deletion").click()
    expect(page.get_by_text("4 runs", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of these runs").click()
    assert download.value.path().read_text().count("\n") == 5
