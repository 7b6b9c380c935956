"""The Why page in a browser: the input follows the slider and the buttons, and the link opens the same inputs."""

import re

import pytest
from playwright.sync_api import Page, expect

from hw5core.runs.recorded import RACE, recorded_race
from tools.live import settle

pytestmark = pytest.mark.browser

VIEW = "/why?dataset=digits&training-images=50&epochs-digits=1"


def _remains(page: Page, activation: str) -> str:
    """Return what remains of the difference with this activation, from the table."""
    row = page.get_by_role("row").filter(has_text=activation).first
    return row.get_by_role("cell").last.inner_text()


def test_the_numbers_follow_the_slider_and_the_buttons(page: Page) -> None:
    page.goto(VIEW)
    settle(page)
    slider = page.get_by_role("slider", name=re.compile("^input x"))
    expect(page.get_by_text("input x = 4, and 5 next to it")).to_be_visible()
    assert _remains(page, "sigmoid") == "0.0113"
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("columnheader", name="f(4.1)", exact=True)).to_be_visible()
    box = slider.bounding_box()
    assert box
    # The middle of the slider is the input 0, and the numbers follow before the mouse is released.
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2, steps=5)
    expect(page.get_by_role("columnheader", name=re.compile(r"f\(1(\.\d)?\) − f\(-?0(\.\d)?\)"))).to_be_visible()
    page.mouse.up()
    page.get_by_role("button", name="40 and 50").click()
    expect(page.get_by_role("columnheader", name="f(50) − f(40)")).to_be_visible()
    assert _remains(page, "ReLU") == "10"
    assert _remains(page, "sigmoid") == "4.2·10^−18"
    page.get_by_role("button", name="0.00001 remains").click()
    expect(page.get_by_role("columnheader", name="f(12.05) − f(11.05)")).to_be_visible()
    assert _remains(page, "sigmoid") == "1.0·10^−5"
    page.reload()
    expect(page.get_by_role("columnheader", name="f(12.05) − f(11.05)")).to_be_visible()


def test_the_conclusion_about_a_deep_stack_follows_the_mouse(page: Page) -> None:
    page.goto(f"{VIEW}&depth-layers=20")
    settle(page)
    slider = page.get_by_role("slider", name="layers", exact=True)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 10, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], middle, steps=5)
    # The mouse is not released yet.
    expect(page.get_by_text(re.compile(r"of layer (9|10|11|12)'s is left"))).to_be_in_viewport()
    page.mouse.move(box["x"] + 1, middle, steps=3)
    expect(page.get_by_text("With one layer, no gradient has to pass")).to_be_in_viewport()
    page.mouse.up()
    slider.press("ArrowRight")
    expect(page.get_by_text(re.compile(r"of layer 2's is left"))).to_be_in_viewport()
    page.wait_for_url(re.compile(r"depth-layers=2(&|$)"))


def test_a_rescue_trains_next_to_the_original_after_one_click(page: Page) -> None:
    page.goto(f"{VIEW}&seed=5")
    settle(page)
    section = page.locator(".st-key-rescues")
    section.get_by_role("button", name="momentum 0.9").click()
    # No click and no reload is needed from here on.
    expect(section.get_by_role("heading", name=re.compile("^Training loss of the original"))).to_contain_text(
        re.compile(r"sigmoid, original \d.*momentum 0\.9 \d")
    )
    expect(section.get_by_role("heading", name=re.compile("^Test accuracy"))).to_contain_text("momentum 0.9")
    expect(section.get_by_text("Momentum 0.9 frees sigmoid")).to_be_in_viewport()
    expect(section.get_by_role("button", name="momentum 0.9")).to_be_disabled()
    expect(section.get_by_role("button", name="Stop")).to_have_count(0)


def test_a_phone_shows_the_whole_page_without_scrolling_sideways(phone: Page) -> None:
    phone.goto(VIEW)
    settle(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    expect(phone.get_by_role("heading", name=re.compile("^The gradient on its way back"))).to_contain_text(
        "at the first layer, predicted"
    )


def test_links_between_pages_keep_settings_that_both_pages_have(page: Page) -> None:
    page.goto(f"{VIEW}&seed=3")
    settle(page)
    page.get_by_role("button", name="Show the evidence without voting").click()
    page.get_by_role("link", name="Sigmoid with Xavier").click()
    page.wait_for_url("**/train?**initialisation=xavier**")
    settle(page)
    # The settings of both pages have the same names in the URL.
    for parameter in ("dataset=digits", "epochs-digits=1", "seed=3", "training-images=50", "activations=sigmoid"):
        assert parameter in page.url
    seed = page.get_by_role("spinbutton", name="seed", exact=True)
    expect(seed).to_have_value("3")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Why sigmoid learns late")
    settle(page)
    expect(seed).to_have_value("3")
    for parameter in ("dataset=digits", "epochs-digits=1", "seed=3", "training-images=50"):
        assert parameter in page.url
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Why sigmoid learns late")
    settle(page)
    expect(seed).to_have_value("3")
    assert "initialisation=xavier" in page.url
    page.get_by_role("link", name="Sweep: the same race").click()
    page.wait_for_url("**/sweep?**initialisation=xavier**")
    settle(page)
    assert "training-images=50" in page.url


def test_pointing_at_one_chart_shows_its_batch_in_all_and_in_the_table(page: Page) -> None:
    runs = recorded_race(RACE)
    steps = sorted({one.step for one in runs[0].statistics})
    page.goto("/why?dataset=mnist")
    settle(page)
    section = page.locator(".through-training")
    section.scroll_into_view_if_needed()
    slider = section.get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", f"batch {steps[-1]:,}")
    chart = section.locator("svg").nth(1)
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + 46 + (box["width"] - 54) / 2, box["y"] + 40)
    # The middle of the axis, and the norms in the receipts.
    middle = steps.index(21_000)
    expect(slider).to_have_attribute("aria-valuetext", "batch 21,000")
    row = section.get_by_role("row").filter(has_text="gradient norm of the weights")
    for run, cell in zip(runs, row.get_by_role("cell").all(), strict=True):
        (one,) = (one for one in run.statistics if one.step == 21_000)
        assert float(cell.inner_text()) == pytest.approx(one.gradient_norms["Conv2d-1"], rel=1e-4)
    cursors = {line.get_attribute("x1") for line in section.locator(".cursor").all()}
    assert len(cursors) == 1
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(section.get_by_text(f"Batch {steps[middle - 1]:,}")).to_be_visible()
