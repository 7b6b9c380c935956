"""A public server in a real browser: its first visit, and the lecturer's secret in a form and in an old link."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Window, open_and_note, open_window
from tools.live import serving, settle

pytestmark = pytest.mark.browser

SECRET = "a-secret-for-the-tests"


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory, chromium: Browser, workers: str) -> Iterator[Window]:
    """Serve the app with a lecturer's secret, and open a window there."""
    home = tmp_path_factory.mktemp("lecturer")
    environment, log = {"HW5_SCHEDULER": workers, "HW5_PUBLIC": "1", "HW5_LECTURER": SECRET}, home / "server.log"
    with serving(home, log, environment) as (address, _), open_window(chromium, address) as window:
        yield window
    assert SECRET not in log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_deep_link_opens_its_page_as_the_first_visit_to_a_new_server(page: Page) -> None:
    # The first test of this file is the first one that visits its server.
    page.goto("/train?dataset=mnist&seed=3&split_seed=2")
    expect(page.get_by_role("heading", name="ReLU against sigmoid")).to_be_visible()
    expect(page.get_by_test_id("stTopNav").get_by_role("link", name="Count")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="seed")).to_have_value("3")
    expect(page.get_by_text("42,000 training images")).to_be_visible()
    # An old name in the URL is replaced by the new one.
    expect(page).to_have_url(re.compile(r"split-seed=2"))
    assert "split_seed" not in page.url
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_the_form_takes_the_secret_and_the_address_stays_as_it_is(page: Page) -> None:
    page.goto("/runs?search=relu")
    settle(page)
    page.get_by_role("button", name="I am the lecturer").click()
    secret = page.locator("input[type=password]")
    secret.fill("wrong")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_text("This browser remains a guest")).to_be_visible()
    secret.fill(SECRET)
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_text("This browser is the lecturer's")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/runs\?search=relu$"))


@pytest.mark.parametrize("address", ["/parameters?net=1x28x28+conv7k3&{}", "/runs?{}"])
def test_an_old_link_works_and_leaves_no_trace_of_the_secret(page: Page, address: str) -> None:
    page.goto("/runs")  # from the first visit on, the server sends its own headers
    expect(page.get_by_role("button", name="I am the lecturer")).to_be_visible()
    referers: list[str] = []
    page.on("request", lambda request: referers.append(request.headers.get("referer", "")))
    entries = page.evaluate("history.length")
    response = open_and_note(page, address.format(f"lecturer={SECRET}"), "This browser is now the lecturer's")
    assert response.headers["referrer-policy"] == "no-referrer"
    if "net=" in address:
        expect(page.locator(".hw5-number")).to_have_text("70")
    assert "lecturer" not in page.url
    assert page.evaluate("history.length") == entries + 1, "the address with the secret is an entry of the history"
    assert not [referer for referer in referers if SECRET in referer]
    page.goto("/runs")
    expect(page.get_by_text("This browser is the lecturer's")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert "lecturer" not in page.url
