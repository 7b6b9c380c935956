"""The page "Check" in a browser: the result is in view after the click, on a desktop and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tools.live import settle

pytestmark = pytest.mark.browser


def test_the_result_is_in_view_after_the_click(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/check")
    page.get_by_role("button", name="Try an example").click()
    for text in ("4 of 5", "885,129 is 9 more than 885,120", "result-slip"):
        expect(page.get_by_text(text)).to_be_in_viewport()
    expect(page.get_by_text("3,747,200", exact=True)).to_be_in_viewport()
    settle(page)
    violations = Axe().run(page).response["violations"]
    assert not [one["id"] for one in violations if one["impact"] in ("serious", "critical")]


def test_the_answers_survive_a_visit_to_another_page(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/check?net=3x32x32+conv8k5+relu")
    field = page.get_by_role("textbox", name="Your answers, one per line")
    field.fill("conv1 = 3 * 8 * (5*5) = 600")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("You forgot the 8 biases")).to_be_in_viewport()
    page.get_by_role("link", name="Runs").first.click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Check your answers")
    page.get_by_role("link", name="Check").first.click()
    expect(field).to_have_value("conv1 = 3 * 8 * (5*5) = 600")
    expect(page.get_by_text("You forgot the 8 biases")).to_be_in_viewport()
    page.wait_for_url("**net=3x32x32**")


def test_a_phone_shows_the_result_after_the_click_without_scrolling_sideways(phone: Page) -> None:
    phone.goto("/check")
    phone.get_by_role("button", name="Try an example").click()
    expect(phone.get_by_text("4 of 5")).to_be_in_viewport()
    expect(phone.get_by_text("885,129 is 9 more than 885,120")).to_be_in_viewport()
    settle(phone)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.get_by_role("button", name="Hint 1 of 3").evaluate("button => button.scrollIntoView({ block: 'end' })")
    phone.get_by_role("button", name="Hint 1 of 3").click()
    expect(phone.get_by_text("In symbols")).to_be_in_viewport(ratio=1)
    expect(phone.locator(".katex-display")).to_be_in_viewport(ratio=1)


def test_a_lecturer_opens_a_class_and_downloads_the_grades(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/check?net=3x32x32+conv8k5+relu")
    page.get_by_role("button", name="For lecturers").click()
    table = {
        "name": "class.csv",
        "mimeType": "text/csv",
        "buffer": "Name;conv1\nMüller;608\n=1+1;600\n".encode("cp1252"),
    }
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Open the class …").click()
    chooser.value.set_files([table])
    expect(page.get_by_text("2 of 2 students have a grade")).to_be_in_viewport()
    with page.expect_download() as download:
        page.get_by_role("button", name="Graded table").click()
    written = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert written[:2] == ["Name;conv1;points;of;reasons", "Müller;608;1;1;"]
    assert written[2].startswith("'=1+1;600;0;1;")
    page.get_by_role("spinbutton", name="Points").fill("10")
    with page.expect_download() as download:
        page.get_by_role("button", name="Graded table").click(
            delay=100
        )  # this click also sends the points to the server
    assert "Müller;608;10;10;" in download.value.path().read_text(encoding="utf-8-sig")
    settle(page)
    violations = Axe().run(page).response["violations"]
    assert not [one["id"] for one in violations if one["impact"] in ("serious", "critical")]
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Open the class …").click()
    chooser.value.set_files([table | {"buffer": bytes(700_001)}])
    expect(page.get_by_text("class.csv has more than 700 kB")).to_be_in_viewport()


def test_a_link_opens_design_golf_and_a_click_takes_the_network_that_is_in_the_field(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/check?golf=3x32x32+out8x28x28+params2000")
    expect(page.get_by_text("8 channels too many, 2 too high, 2 too wide")).to_be_in_viewport()
    field = page.get_by_role("textbox", name="Your network in one line")
    field.fill("3x32x32 conv8k5 relu")
    field.press("Control+Enter")
    expect(page.get_by_role("button", name="Put it on the board")).to_be_enabled()
    field.fill("3x32x32 conv1k3 conv8k3")
    page.get_by_role("button", name="Put it on the board").click()
    expect(page.get_by_text("You are in place 1 of 1 with 108 parameters.")).to_be_in_viewport()
    settle(page)
    violations = Axe().run(page).response["violations"]
    assert not [one["id"] for one in violations if one["impact"] in ("serious", "critical")]
    page.get_by_role("button", name="Close").click()
    page.wait_for_url(lambda address: "golf" not in address)


def test_a_bar_of_the_class_shows_the_answers_and_keeps_the_focus(page: Page, watcher: Page) -> None:
    # No other test has this network, so its class is empty.
    page.set_viewport_size({"width": 1280, "height": 800})
    watcher.set_viewport_size({"width": 1280, "height": 800})
    watcher.goto("/check?net=3x32x32+conv8k5+tanh&lecture=true")
    page.goto("/check?net=3x32x32+conv8k5+tanh")
    field = page.get_by_role("textbox", name="Your answers, one per line")
    field.fill("600")
    page.get_by_role("button", name="Check", exact=True).click()
    bar = watcher.get_by_role("button", name="bias forgotten 1")
    bar.focus()
    watcher.keyboard.press("Enter")
    table = watcher.get_by_role("table", name="bias forgotten")
    expect(table.get_by_role("cell", name="600")).to_be_in_viewport()
    expect(bar).to_be_focused()
    settle(watcher)
    violations = Axe().run(watcher).response["violations"]
    assert not [one["id"] for one in violations if one["impact"] in ("serious", "critical")]
    field.fill("607")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(watcher.get_by_text("No answer has the mistake “bias forgotten” now.")).to_be_in_viewport()
    watcher.get_by_role("button", name="digit changed 1").click()
    expect(watcher.get_by_role("cell", name="607")).to_be_in_viewport()
