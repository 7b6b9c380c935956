"""The report page in a real browser: the downloaded file works without a network."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.hw5core.homework.report.example import NAME, REMARKS
from tools.live import settle

pytestmark = pytest.mark.browser


def _opened_offline(context: BrowserContext, file: Path) -> tuple[Page, list[str]]:
    """Open the file in a browser without a network. Return its page, and the addresses that it asked for."""
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto(file.as_uri())
    return page, asked


def test_html_downloaded_right_after_typing_has_the_remarks_and_shows_live_charts_without_a_network(
    page: Page, tmp_path: Path
) -> None:
    page.goto("/report")
    settle(page)
    page.get_by_label("Your name").fill(NAME)
    page.get_by_label("Your remarks").fill(REMARKS)
    # The click is also what sends the remarks to the server.
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML").click(delay=100)
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)

    report, asked = _opened_offline(page.context, file)
    expect(report.locator(".chart svg.marks")).to_have_count(3)
    expect(report.locator("blockquote")).to_have_text(REMARKS, use_inner_text=True)
    report.locator("#chart-0 .mark-symbol.role-mark path").first.hover(force=True)  # a point has no text
    expect(report.locator("#vg-tooltip-element")).to_contain_text("96.25")
    assert [address for address in asked if not address.startswith(("file:", "data:"))] == []
    report.close()
