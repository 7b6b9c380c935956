"""Question 1 in a real browser: the slider under the hand, and the link on a cold server."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_key_on_a_slider_changes_the_total_and_the_address(page: Page) -> None:
    page.goto("/")
    total = page.locator(".hw5-number")
    expect(total).to_have_text("3,747,200")
    page.get_by_role("slider", name="channels").first.focus()
    page.keyboard.press("ArrowRight")
    # One channel more: 3·121+1 parameters in its own layer and 256·25 in the next.
    expect(total).to_have_text("3,753,964")
    page.wait_for_url("**conv97k11s4**")


@pytest.mark.parametrize("path", ["/", "/parameters"])
def test_a_link_opens_its_network_as_the_first_visit_to_a_cold_server(page: Page, path: str) -> None:
    page.goto(f"{path}?net=1x28x28+conv7k3")
    expect(page.locator(".hw5-number")).to_have_text("70")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.get_by_role("link", name="Train")).to_be_visible()
    assert "net=" in page.url
