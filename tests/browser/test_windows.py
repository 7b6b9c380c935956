"""Pages in windows of all sizes: narrow and wide ones, a phone's, a lecture hall's, and on paper."""

import re

import pytest
from playwright.sync_api import Page, expect

from hw5core.network.presets import PRESETS
from pages.parts.shared.page_list import PAGES
from tools.live import settle

pytestmark = pytest.mark.browser

VGG = f"/?net={PRESETS['vgg-16'].text.replace(' ', '+')}"
LAYERS = len(PRESETS["vgg-16"].architecture.layers)

_CUT_OFF = """table => {
  const around = table.parentElement.getBoundingClientRect()
  return [...table.querySelectorAll("tr > :nth-child(n+4)")]
    .filter(cell => cell.getBoundingClientRect().right > Math.min(innerWidth, around.right) + 1)
    .map(cell => cell.textContent)
}"""
"""Return the texts of the cells in the columns with the parameters and PyTorch's tick that are not fully visible."""

_SMALL_TARGETS = """() => {
  const small = []
  const look = root => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) look(element.shadowRoot)
      const { width, height } = element.getBoundingClientRect()
      const usable = element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && width > 1
      // Around an input that takes less, the whole field or label reacts.
      const target = element.matches("a[href], button, select, summary, label:has(input[type=checkbox])")
        || element.matches("input[type=range], input[type=number], input[type=text], input[type=search]")
      if (target && usable && !element.matches("[role=combobox]") && Math.min(width, height) < 43.5)
        small.push(`${element.tagName} ${element.ariaLabel ?? element.textContent} ${width}x${height}`)
    }
  }
  look(document)
  return small
}"""
"""Return the controls that are smaller than 44 pixels."""

_FONT_SIZE = "table => parseFloat(getComputedStyle(table).fontSize)"
_TOOLTIP = """() => {
  const tooltip = document.querySelector("#vg-tooltip-element.visible")?.getBoundingClientRect()
  return tooltip && [tooltip.left >= 0, tooltip.right <= innerWidth, tooltip.top >= 0, tooltip.bottom <= innerHeight]
}"""
_OVERLAP = """([card, target]) => {
  const [one, other] = [card, target].map(element => element.getBoundingClientRect())
  return other.width && one.left < other.right && other.left < one.right
    && one.top < other.bottom && other.top < one.bottom
}"""
_OUTLINED = """() => [...document.querySelectorAll("[style*=outline]")].find(element => element.style.outline)"""


def test_the_table_shows_parameters_and_ticks_at_each_width_and_grows_in_lecture_mode(page: Page) -> None:
    sizes, large = {}, (1024, 1280, 1920)
    for mode, widths in {"": (641, 768, 821, 900, *large), "&lecture=true": large}.items():
        page.goto(VGG + mode)
        table = page.locator(".st-key-count-table table")
        expect(table.get_by_role("row")).to_have_count(LAYERS + 3)
        settle(page)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 800})
            settle(page)
            if not mode:
                assert table.evaluate(_CUT_OFF) == [], width
            sizes[mode, width] = table.evaluate(_FONT_SIZE)
    for width in large:
        assert sizes["&lecture=true", width] > 1.1 * sizes["", width]
    assert page.locator(".vega-embed .mark-text text").filter(has_text=re.compile(r"-\d+$")).count() >= LAYERS


_LINES = """link => {
  const text = link.querySelector('p')
  return Math.round(text.offsetHeight / parseFloat(getComputedStyle(text).lineHeight))
}"""
"""Return in how many lines a link's text is drawn."""


def test_a_phone_reaches_each_page_with_one_tap_on_targets_of_44_pixels(phone: Page) -> None:
    phone.goto("/")
    settle(phone)
    phone.get_by_role("button", name="Close").tap()
    bars = phone.locator(".vega-embed .mark-rect path")
    for number in (0, 12, 24):  # parameters of the first, a middle and the last convolution
        bars.nth(number).hover(force=True)
        phone.wait_for_function(f"({_TOOLTIP})()?.every(inside => inside)")
    for listed in (*PAGES[1:], PAGES[0]):
        link = phone.get_by_role("link", name=listed.title, exact=True)
        expect(link).to_be_in_viewport(ratio=1)
        link.tap()
        phone.wait_for_url(re.compile(f"/{listed.urls[0]}(\\?|$)"))
        settle(phone)
        expect(link).to_be_in_viewport()
        assert link.evaluate(_LINES) == 1, listed.name
        assert phone.evaluate(_SMALL_TARGETS) == [], listed.name


@pytest.mark.parametrize("path", ["/", "/train"])
def test_the_guide_never_covers_what_it_explains(page: Page, path: str) -> None:
    page.goto(path)
    for width, height in ((1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        settle(page)
        guide = page.get_by_role("region", name="Guide")
        page.get_by_role("button", name="Show me around").click()
        for number in range(1, 5):
            expect(guide).to_contain_text(f"{number} of 4")
            target = page.evaluate_handle(_OUTLINED)
            page.wait_for_function(f"pair => !({_OVERLAP})(pair)", arg=[guide.element_handle(), target])
            if number == 2:
                # Parts of the page arrive late and move the others.
                late = page.add_style_tag(content=".st-key-loss-chart, .st-key-total { margin-top: 230px }")
                page.wait_for_function(f"pair => !({_OVERLAP})(pair)", arg=[guide.element_handle(), target])
                late.evaluate("style => style.remove()")
            guide.get_by_role("button", name="Next" if number < 4 else "Done").click()


def test_count_and_train_print_on_a4_with_nothing_cut_off(page: Page) -> None:
    for path, heading in ((VGG, "Count the parameters"), ("/train", "ReLU against sigmoid")):
        page.goto(path)
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        settle(page)
        printed = page.pdf(prefer_css_page_size=True)
        assert set(re.findall(rb"/MediaBox \[0 0 (\d+)\.\d+ (\d+)\.\d+\]", printed)) == {(b"594", b"841")}
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 703, "height": 1000})  # A4 without its margins
        settle(page)
        cut = """() => [...document.querySelectorAll('[data-testid=stMain] *')].filter(element =>
            element.getBoundingClientRect().right > innerWidth + 1 && element.checkVisibility())
            .map(element => element.outerHTML.slice(0, 80))"""
        assert page.evaluate(cut) == []
        sheets = page.evaluate("document.documentElement.scrollHeight") / 1032
        assert len(re.findall(rb"/Type /Page\b", printed)) >= int(sheets) >= 1
        expect(page.get_by_role("button", name="Show me around")).to_be_hidden()
        page.emulate_media(media="screen")


def test_results_of_clicks_are_visible_and_the_network_goes_to_a_race_and_back(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/")
    settle(page)
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="ReLU-10").click()
    row = page.get_by_role("row", name="▸ ReLU-10")
    expect(row).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Add below layer 10").click()
    expect(page.get_by_role("button", name="Conv2d-11")).to_be_in_viewport(ratio=1)
    settle(page)  # the buttons and links below the table have the previous network until they are drawn again
    page.get_by_role("button", name="Pin this network as A").click()
    page.get_by_role("button", name="Remove layer 11").click()
    expect(page.locator(".hw5-total")).to_contain_text("-147,520 against A")
    settle(page)
    page.get_by_role("link", name="Race this network").click()
    expect(page.get_by_role("heading", name="ReLU against sigmoid")).to_be_visible()
    expect(page).to_have_url(re.compile(r"network=1x28x28\+conv96k11s4.*linear10"))
    expect(page.get_by_text("conv 11×11 /4").or_(page.get_by_alt_text("the layers of the network"))).to_be_visible()
    page.get_by_role("link", name="Count this network").click()
    expect(page.get_by_role("heading", name="Count the parameters")).to_be_visible()
    page.wait_for_url(re.compile(r"/\?net=1x28x28\+conv96k11s4.*linear10"))
    expect(page.get_by_role("cell", name="Linear-12").first).to_be_visible()
