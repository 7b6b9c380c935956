"""The count page in a real browser: sliders, the drawing, the tables, and links."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.browser.conftest import click_and_note
from tests.hw5core.pasted.programs import LENET
from tools.live import settle

pytestmark = pytest.mark.browser

_SLIDER_TOP = "slider => slider.getBoundingClientRect().top"
_TOP = "document.querySelector('[data-testid=stMain]').scrollTop"
_GRAMMARS = "performance.getEntriesByType('resource').some(({ name }) => name.includes('SyntaxHighlighter'))"
"""Return whether the page has loaded Streamlit's highlighter of code."""

_SCROLLED = f"field => [field.closest('.layers').scrollTop, {_TOP}]"
"""Return how far the layer editor around a field, and the page, are scrolled."""

_LOADED_SLANTED_FONTS = """() =>
  [...document.fonts].filter(font => font.style === "italic" && font.status === "loaded").length"""


def test_the_total_follows_the_slider_at_each_arrow_key_and_during_a_drag(page: Page) -> None:
    page.goto("/")
    total = page.locator(".hw5-number")
    expect(total).to_have_text("3,747,200")
    page.get_by_role("slider", name="channels").first.focus()
    page.keyboard.press("ArrowRight")
    # One more channel adds 3·121+1 parameters in its own layer and 256·25 in the next.
    expect(total).to_have_text("3,753,964")
    page.wait_for_url("**conv97k11s4**")
    address = page.url
    settle(page)  # the slider moves while parts of the page are still missing
    # No text is slanted: the font for it would be a tenth of what a first visitor downloads.
    assert page.evaluate(_LOADED_SLANTED_FONTS) == 0
    box = page.get_by_role("slider", name="Conv2d-1 channels").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(1, 5):
        before = total.text_content() or ""
        page.mouse.move(box["x"] + (0.2 + 0.1 * step) * box["width"], box["y"] + box["height"] / 2)
        expect(total).not_to_have_text(before)
    page.mouse.up()
    expect(page).not_to_have_url(address)
    # A drag is one step to undo. If the page follows so slowly that the thumb seems to stop on the way, it is a few.
    while (shown := total.text_content() or "") != "3,747,200":
        page.get_by_role("button", name="Undo").click()
        expect(total).not_to_have_text(shown)


def test_the_table_changes_in_place(page: Page) -> None:
    page.goto("/?net=1x28x28+conv7k3+relu")
    parameters = page.locator(".hw5-live-table tr").nth(2).locator("td").nth(3)
    expect(parameters).to_have_text("70")
    cell = parameters.element_handle()
    page.get_by_role("slider", name="Conv2d-1 channels").focus()
    page.keyboard.press("ArrowRight")
    expect(parameters).to_have_text("80")
    assert cell.evaluate("cell => cell.isConnected && cell.textContent") == "80"
    page.get_by_role("button", name="Remove layer 1").click()
    expect(page.locator(".hw5-live-table tbody tr")).to_have_text(
        ["input1×28×28none", re.compile("^ReLU-1"), re.compile("^total")]
    )


def test_leaving_the_page_during_a_drag_keeps_the_edit(page: Page) -> None:
    page.goto("/")
    total = page.locator(".hw5-number")
    expect(total).to_have_text("3,747,200")
    settle(page)
    box = page.get_by_role("slider", name="Conv2d-1 channels").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + box["height"] / 2)
    expect(total).not_to_have_text("3,747,200")
    page.get_by_test_id("stTopNav").get_by_role("link", name="Train").evaluate("link => link.click()")
    expect(page.get_by_role("heading", name="ReLU against sigmoid")).to_be_visible()
    page.mouse.up()
    page.get_by_test_id("stTopNav").get_by_role("link", name="Count").click()
    page.wait_for_url("**net=**")


def test_a_refused_number_stays_with_its_reason_until_it_is_corrected(page: Page) -> None:
    page.goto("/")
    settle(page)
    field = page.get_by_role("spinbutton", name="Conv2d-9 channels, as a number")
    message = page.get_by_role("alert").filter(has_text="channels must be")
    field.click()
    scrolled = field.evaluate(_SCROLLED)
    assert scrolled[0] > 0
    for refused in ("0", "2.5"):
        page.keyboard.press("Control+A")
        page.keyboard.type(refused)
        expect(message).to_have_text(f"channels must be a whole number from 1 to 1,000,000, not {refused}")
        settle(page)
        expect(field).to_be_focused()
        expect(field).to_have_value(refused)
        assert field.evaluate(_SCROLLED) == scrolled
    page.keyboard.press("Tab")
    settle(page)
    expect(field).to_have_value("2.5")
    field.fill("20")
    expect(page.locator(".hw5-number")).to_have_text("2,931,348")
    expect(message).to_have_count(0)
    assert field.evaluate(_SCROLLED)[0] == scrolled[0]


def test_edits_can_be_undone_by_keyboard_and_are_no_entries_of_the_history(page: Page) -> None:
    page.goto("/?net=1x28x28+conv7k3+relu")
    settle(page)
    total, entries = page.locator(".hw5-total .hw5-number"), page.evaluate("history.length")
    page.get_by_role("slider", name="Conv2d-1 channels").focus()
    # The second edit does not wait for the first one.
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**conv8k3**")
    page.get_by_role("button", name="Remove layer 2").click()
    page.get_by_role("button", name="Add at the end").click()
    page.wait_for_url("**conv8k3+conv64k3p1")
    expect(total).to_have_text("4,752")
    field = page.get_by_role("textbox", name="The network in one line")
    field.click()
    page.keyboard.type("x")
    page.keyboard.press("Control+Z")
    expect(field).to_have_value("1x28x28 conv8k3 conv64k3p1")
    page.get_by_role("heading", name="Count the parameters").click()
    for key, network in [
        ("Control+Z", "conv8k3"), ("Control+Z", "conv8k3+relu"), ("Control+Z", "conv7k3+relu"),
        ("Control+Y", "conv8k3+relu"), ("Control+Shift+Z", "conv8k3"), ("Control+Y", "conv8k3+conv64k3p1"),
    ]:  # fmt: skip
        page.keyboard.press(key)
        page.wait_for_url(re.compile(f"{re.escape(network)}$"))
    expect(total).to_have_text("4,752")
    assert page.evaluate("history.length") == entries
    page.get_by_test_id("stTopNav").get_by_role("link", name="Train").click()
    expect(page.get_by_role("heading", name="ReLU against sigmoid")).to_be_visible()
    # Train names its dataset in the URL. If that arrives after the way back, Count corrects it at its next drawing.
    expect(page).to_have_url(re.compile("dataset="))
    page.go_back()
    expect(total).to_have_text("4,752")
    expect(page).to_have_url(re.compile(re.escape("conv8k3+conv64k3p1") + "$"))


def test_a_swipe_over_a_slider_scrolls_and_a_sideways_drag_or_a_tap_moves_it(phone: Page) -> None:
    phone.emulate_media(reduced_motion="reduce")  # no animation moves the slider of the convolution
    phone.goto("/?net=1x28x28+conv200k3")
    settle(phone)
    phone.get_by_role("button", name="Close").click()
    total, fingers = phone.locator(".hw5-number"), phone.context.new_cdp_session(phone)
    for name in ("Conv2d-1 channels", "Position of the window"):
        slider = phone.get_by_role("slider", name=name)
        slider.scroll_into_view_if_needed()
        settle(phone)
        before, shown, handle = slider.input_value(), total.inner_text(), slider.element_handle()
        top = handle.evaluate(_SLIDER_TOP)
        _drag(fingers, slider, 0.8, 0, -100)
        phone.wait_for_function(f"([slider, top]) => ({_SLIDER_TOP})(slider) < top", arg=[handle, top])
        settle(phone)
        assert slider.input_value() == before
        expect(total).to_have_text(shown)
        _drag(fingers, slider, 0.4, 60, 5)
        phone.wait_for_function("([slider, before]) => slider.value !== before", arg=[handle, before])
        before = slider.input_value()
        _drag(fingers, slider, 0.1, 0, 0)
        phone.wait_for_function("([slider, before]) => slider.value !== before", arg=[handle, before])
        if name.startswith("Conv2d"):
            expect(total).to_have_text(f"{10 * int(slider.input_value()):,}")


def _drag(fingers: CDPSession, slider: Locator, start: float, across: float, along: float) -> None:
    """Put a finger on the slider at `start` (0 is its left end, 1 its right end), move it, and lift it."""
    box = slider.bounding_box()
    assert box is not None
    x, y = box["x"] + start * box["width"], box["y"] + box["height"] / 2
    points = [(x + across * step / 10, y + along * step / 10) for step in range(11 if across or along else 1)]
    for number, (left, top) in enumerate(points):
        kind, point = "touchMove" if number else "touchStart", {"x": left, "y": top}
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_layers_can_be_added_moved_and_removed(page: Page) -> None:
    page.goto("/?net=1x28x28+conv8k3+relu")
    line = page.get_by_role("textbox", name="The network in one line")
    page.get_by_label("Kind of the new layer").select_option("max pooling")
    page.get_by_role("button", name="Add at the end").click()
    expect(line).to_have_value("1x28x28 conv8k3 relu maxpool2")
    page.get_by_role("button", name="Move layer 3 up").click()
    expect(line).to_have_value("1x28x28 conv8k3 maxpool2 relu")
    page.get_by_role("button", name="Remove layer 1").click()
    expect(line).to_have_value("1x28x28 maxpool2 relu")
    page.get_by_role("button", name="Undo").click()
    expect(line).to_have_value("1x28x28 conv8k3 maxpool2 relu")


def test_height_and_width_get_their_own_numbers_and_become_equal_again(page: Page) -> None:
    page.goto("/?net=1x28x28+conv8k3+relu")
    settle(page)
    page.locator(".layers summary").click()
    apart, width = page.get_by_label("height ≠ width"), page.get_by_label("Conv2d-1 kernel size, width")
    expect(width).to_be_hidden()
    apart.click()
    width.fill("5")
    page.wait_for_url("**conv8k3x5+relu")
    expect(page.locator(".hw5-number")).to_have_text("128")
    expect(page.get_by_role("slider", name="Conv2d-1 kernel size")).to_be_hidden()
    apart.click()
    page.wait_for_url("**conv8k3+relu")
    expect(page.get_by_role("slider", name="Conv2d-1 kernel size")).to_be_visible()
    page.get_by_label("Conv2d-1 padding same").click()
    page.wait_for_url("**conv8k3psame+relu")
    expect(page.get_by_role("row", name="Conv2d-1")).to_contain_text("8×28×28")


def test_pytorch_confirms_every_row_and_a_selected_layer_is_marked_everywhere(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("cell", name="✓")).to_have_count(11)
    page.get_by_text("The complete tables").click()
    expect(page.get_by_text("Estimated Total Size (MB): 71.61")).to_be_visible()
    expect(page.get_by_text("Estimated Total Size (MB): 45.39")).to_be_visible()
    page.get_by_role("button", name="Conv2d-5").click()
    expect(page.get_by_role("cell", name="▸ Conv2d-5")).to_be_visible()
    expect(page.get_by_role("heading", name="Conv2d-5 step by step")).to_be_visible()
    expect(page.get_by_role("button", name="Add below layer 5")).to_be_visible()


def test_the_sum_explains_the_output_cell_under_the_pointer(page: Page) -> None:
    page.goto("/?net=1x8x8+conv1k3")
    cells = page.locator("rect.target")
    expect(cells).to_have_count(36)
    settle(page)  # the chart above arrives late and moves the cells
    for number in (0, 17, 35):
        cells.nth(number).hover()
        expect(page.locator(".sum")).to_contain_text(f"row {number // 6 + 1}, column {number % 6 + 1}")
        written = page.locator(".sum").text_content() or ""
        terms, _, value = written.split(": ")[1].replace("−", "-").replace("·", "*").replace("bias", "").rpartition("=")
        assert eval(terms, {"__builtins__": {}}) == int(value)
        expect(page.locator("rect.window")).to_have_count(9)


def test_the_total_stays_visible_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/")
    total = page.locator(".hw5-number")
    expect(total).to_have_text("3,747,200")
    settle(page)  # a list that is drawn again cannot be scrolled to
    page.mouse.move(195, 600)
    page.get_by_role("heading", name="Export").scroll_into_view_if_needed()
    page.get_by_text("in channels").first.scroll_into_view_if_needed()
    expect(total).to_be_in_viewport()


def test_pasted_code_with_a_wrong_number_is_corrected_and_used(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/")
    expect(page.get_by_role("cell", name="✓")).to_have_count(11)  # the report runs the page again
    page.get_by_role("button", name="Paste code").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="code").fill(LENET.replace("16 * 5 * 5, 120", "256, 120"))
    dialog.get_by_role("textbox", name="Input").fill("1x32x32")
    dialog.get_by_role("button", name="Read").click()
    expect(dialog.locator("mark")).to_have_text("256")
    for result in (dialog.get_by_text("fc1 expects 256 features"), dialog.locator("mark")):
        expect(result).to_be_in_viewport()
    assert Axe().run(page, context="[role=dialog]").response["violations"] == []
    fix = dialog.get_by_role("button", name="Use this fix: write nn.Linear(400, 120)")
    expect(fix).to_be_in_viewport()
    fix.click()
    expect(dialog.get_by_role("textbox", name="code")).to_have_value(re.compile(re.escape("nn.Linear(400, 120)")))
    expect(dialog.locator("mark")).to_have_count(0)
    dialog.get_by_role("button", name="Use this network").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".hw5-total .hw5-number")).to_have_text("61,706")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".hw5-total .hw5-number")).to_have_text("3,747,200")
    page.get_by_role("button", name="Paste code").click()
    expect(dialog.get_by_role("textbox", name="code")).to_have_value(re.compile(re.escape("nn.Linear(400, 120)")))


def test_the_dialog_for_pasted_code_is_readable_in_the_dark_and_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.goto("/")
    expect(page.get_by_role("cell", name="✓")).to_have_count(11)  # the report runs the page again
    page.get_by_role("button", name="Paste code").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="code").fill(LENET.replace("16 * 5 * 5, 120", "256, 120"))
    dialog.get_by_role("textbox", name="Input").fill("1x32x32")
    dialog.get_by_role("button", name="Read").click()
    expect(dialog.get_by_text("2,572")).to_be_in_viewport()
    expect(dialog.locator("mark")).to_have_text("256")
    assert (
        Axe().run(page, context="[role=dialog]", options={"runOnly": ["color-contrast"]}).response["violations"] == []
    )
    assert dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")


def test_the_command_can_be_copied_and_the_downloaded_code_counts_the_same_parameters(
    page: Page, tmp_path: Path
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/?net=1x28x28+conv7k3")
    command = page.get_by_text("python -m hw5core params")
    expect(command).to_have_text('python -m hw5core params --net "1x28x28 conv7k3"')
    settle(page)
    click_and_note(page.get_by_role("button", name="Copy", exact=True), "Copied")
    assert page.evaluate("navigator.clipboard.readText()") == command.inner_text()
    # The grammars of 300 languages are a fifth of the browser's work for this page, so only a language loads them.
    assert not page.evaluate(_GRAMMARS)
    page.get_by_role("radio", name="PyTorch").click()
    page.wait_for_function(_GRAMMARS)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download network.py").click()
    download.value.save_as(tmp_path / "network.py")
    ran = subprocess.run([sys.executable, tmp_path / "network.py"], capture_output=True, text=True, check=True)
    assert "trainable parameters: 70" in ran.stdout


def test_the_animation_of_a_convolution_stops_when_it_is_out_of_view(page: Page) -> None:
    page.goto("/?net=1x28x28+conv8k3")
    convolution = page.locator(".convolution")
    settle(page)  # the chart above arrives late and would push the convolution out of view again
    convolution.scroll_into_view_if_needed()
    expect(convolution.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("heading", name="Count the parameters").scroll_into_view_if_needed()
    expect(convolution.get_by_role("button", name="Play")).to_have_count(1)
    position = convolution.get_by_role("slider").input_value()
    page.wait_for_timeout(1_000)  # longer than one step of the animation
    assert convolution.get_by_role("slider").input_value() == position
