"""Lecture mode in a real browser: larger type, fewer controls, on every page and in copied links."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import click_and_note
from tools.live import settle

pytestmark = pytest.mark.browser

_FONT_SIZE = "parseFloat(getComputedStyle(document.documentElement).fontSize)"


def test_lecture_mode_enlarges_hides_and_stays_on_the_next_page_and_in_the_link(page: Page) -> None:
    page.goto("/?net=1x28x28+conv7k3")
    expect(page.locator(".hw5-number")).to_have_text("70")
    usual = page.evaluate(_FONT_SIZE)
    page.get_by_text("Lecture mode").click()
    expect(page.get_by_role("textbox", name="The network in one line")).to_be_hidden()
    expect(page.get_by_role("heading", name="Export")).to_have_count(0)
    page.wait_for_function(f"{_FONT_SIZE} > 1.15 * {usual}")
    page.get_by_test_id("stTopNav").get_by_role("link", name="Train").click()
    expect(page.get_by_role("heading", name="ReLU against sigmoid")).to_be_visible()
    expect(page).to_have_url(re.compile("/train.*lecture=true"))
    expect(page.get_by_text("More settings")).to_be_hidden()
    page.get_by_test_id("stTopNav").get_by_role("link", name="Count").click()
    expect(page.get_by_text("trainable parameters")).to_be_visible()
    expect(page.get_by_text("70", exact=True).first).to_be_visible()
    expect(page).to_have_url(re.compile("net=1x28x28.*lecture=true|lecture=true.*net=1x28x28"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    settle(page)
    click_and_note(page.get_by_role("button", name="Copy link"), "Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
