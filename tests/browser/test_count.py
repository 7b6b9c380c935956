"""The count page in a real browser: sliders, the drawing, the tables, and links."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tools.live import settle

pytestmark = pytest.mark.browser


def test_an_arrow_key_on_a_slider_changes_the_total_and_the_address(page: Page) -> None:
    page.goto("/")
    total = page.locator(".hw5-number")
    expect(total).to_have_text("3,747,200")
    page.get_by_role("slider", name="channels").first.focus()
    page.keyboard.press("ArrowRight")
    # One more channel adds 3·121+1 parameters in its own layer and 256·25 in the next.
    expect(total).to_have_text("3,753,964")
    page.wait_for_url("**conv97k11s4**")


def test_the_total_follows_the_slider_during_a_drag(page: Page) -> None:
    page.goto("/")
    total = page.locator(".hw5-number")
    expect(total).to_have_text("3,747,200")
    settle(page)  # the slider moves while parts of the page are still missing
    box = page.get_by_role("slider", name="Conv2d-1 channels").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(1, 5):
        before = total.text_content() or ""
        page.mouse.move(box["x"] + (0.2 + 0.1 * step) * box["width"], box["y"] + box["height"] / 2)
        expect(total).not_to_have_text(before)
    page.mouse.up()
    page.wait_for_url("**net=**")
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
    page.get_by_role("link", name="Train").evaluate("link => link.click()")
    expect(page.get_by_role("heading", name="ReLU against sigmoid")).to_be_visible()
    page.mouse.up()
    page.get_by_role("link", name="Count").click()
    page.wait_for_url("**net=**")


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


def test_a_selected_layer_is_marked_everywhere(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Conv2d-5").click()
    expect(page.get_by_role("cell", name="▸ Conv2d-5")).to_be_visible()
    expect(page.get_by_role("heading", name="Conv2d-5 step by step")).to_be_visible()
    expect(page.get_by_role("button", name="Add below layer 5")).to_be_visible()


def test_pytorch_confirms_every_row(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("cell", name="✓")).to_have_count(11)


def test_the_sum_explains_the_output_cell_under_the_pointer(page: Page) -> None:
    page.goto("/?net=1x8x8+conv1k3")
    cells = page.locator("rect.target")
    expect(cells).to_have_count(36)
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
    page.mouse.move(195, 600)
    page.get_by_role("heading", name="Export").scroll_into_view_if_needed()
    page.get_by_text("in channels").first.scroll_into_view_if_needed()
    expect(total).to_be_in_viewport()


def test_the_downloaded_code_counts_the_same_parameters(page: Page, tmp_path: Path) -> None:
    page.goto("/?net=1x28x28+conv7k3")
    page.get_by_role("radio", name="PyTorch").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download network.py").click()
    download.value.save_as(tmp_path / "network.py")
    ran = subprocess.run([sys.executable, tmp_path / "network.py"], capture_output=True, text=True, check=True)
    assert "trainable parameters: 70" in ran.stdout


def test_the_full_tables_of_both_tools_open(page: Page) -> None:
    page.goto("/")
    page.get_by_text("The complete tables").click()
    expect(page.get_by_text("Estimated Total Size (MB): 71.61")).to_be_visible()
    expect(page.get_by_text("Estimated Total Size (MB): 45.39")).to_be_visible()


def test_the_animation_of_a_convolution_stops_when_it_is_out_of_view(page: Page) -> None:
    page.goto("/?net=1x28x28+conv8k3")
    convolution = page.locator(".convolution")
    # The chart above arrives late and would push the convolution out of view again.
    expect(page.locator(".vega-embed svg").first).to_be_visible()
    convolution.scroll_into_view_if_needed()
    expect(convolution.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("heading", name="Count the parameters").scroll_into_view_if_needed()
    expect(convolution.get_by_role("button", name="Play")).to_have_count(1)
    position = convolution.get_by_role("slider").input_value()
    page.wait_for_timeout(1_000)  # longer than one step of the animation
    assert convolution.get_by_role("slider").input_value() == position
