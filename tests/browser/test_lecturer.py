"""The lecturer's secret in a real browser: in a form, and in an old link, which leaves no trace of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tools.live import serving, settle

pytestmark = pytest.mark.browser

SECRET = "a-secret-for-the-tests"


@pytest.fixture(scope="module")
def server(server_home: Path, workers: str) -> Iterator[str]:
    """Serve the app with a lecturer's secret."""
    environment = {"HW5_SCHEDULER": workers, "HW5_PUBLIC": "1", "HW5_LECTURER": SECRET}
    log = server_home / "server.log"
    with serving(server_home, log, environment) as (address, _):
        yield address
    assert SECRET not in log.read_text()
    assert "Traceback" not in log.read_text()


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


@pytest.mark.parametrize("address", ["/?{}&net=1x28x28+conv7k3", "/parameters?net=1x28x28+conv7k3&{}", "/runs?{}"])
def test_an_old_link_works_and_leaves_no_trace_of_the_secret(page: Page, address: str) -> None:
    page.goto("/runs")  # from the first visit on, the server sends its own headers
    expect(page.get_by_role("button", name="I am the lecturer")).to_be_visible()
    referers: list[str] = []
    page.on("request", lambda request: referers.append(request.headers.get("referer", "")))
    entries = page.evaluate("history.length")
    response = page.goto(address.format(f"lecturer={SECRET}"))
    assert response
    assert response.headers["referrer-policy"] == "no-referrer"
    expect(page.get_by_text("This browser is now the lecturer's")).to_be_visible()
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
