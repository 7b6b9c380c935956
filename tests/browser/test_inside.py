"""The inside page in a real browser: a digit drawn with the mouse and with a finger, a picture, and the slider."""

import re
from itertools import cycle, pairwise
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from hw5core.data import datasets
from hw5core.runs import recorded_weights
from hw5core.runs.config import RunConfig, race
from hw5core.runs.recorded import RACE
from hw5core.runs.recorded_weights import FOLDER
from hw5core.store.store import RunStore
from hw5core.training.inputs import split_for
from tests.hw5core.data.test_pictures import HOSTILE
from tests.hw5core.runs.test_weights import CONTENT
from tests.hw5core.runs.test_weights import HOSTILE as HOSTILE_WEIGHTS
from tools.live import ROOT, settle
from tools.training import train_into

pytestmark = pytest.mark.browser

SEVEN = ((0.25, 0.2), (0.75, 0.2), (0.45, 0.85))
ONE = ((0.5, 0.15), (0.5, 0.85))


def _numbers(page: Page) -> Locator:
    """The digits that the networks predict."""
    return page.locator(".hw5-predictions .hw5-number")


def _points(pad: Locator, line: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]


def _draw(page: Page, line: tuple[tuple[float, float], ...]) -> None:
    first, *others = _points(page.get_by_role("img", name="Drawing pad"), line)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def _draw_with_finger(page: Page, touch: CDPSession, line: tuple[tuple[float, float], ...]) -> None:
    places = _points(page.get_by_role("img", name="Drawing pad"), line)

    def send(kind: str, *place: float) -> None:
        points = [dict(zip("xy", place, strict=True))] if place else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", *places[0])
    for (x, y), (to_x, to_y) in pairwise(places):
        for part in range(1, 7):
            send("touchMove", x + (to_x - x) * part / 6, y + (to_y - y) * part / 6)
    send("touchEnd")


def test_a_digit_drawn_with_the_mouse_is_recognised_erased_and_cleared(page: Page) -> None:
    page.goto("/inside")
    expect(_numbers(page)).to_have_text(["3", "3"])
    settle(page)
    _draw(page, SEVEN)
    expect(_numbers(page)).to_have_text(["7", "7"])
    expect(page.get_by_text("What the networks see: 28x28 pixels.")).to_be_visible()
    # Without its upper stroke, the digit is another one.
    eraser = page.get_by_role("button", name="Eraser")
    eraser.click()
    expect(eraser).to_have_attribute("aria-pressed", "true")
    _draw(page, ((0.1, 0.2), (0.6, 0.2)))
    expect(_numbers(page).first).not_to_have_text("7")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("An example, until you draw.")).to_be_visible()
    expect(_numbers(page)).to_have_text(["3", "3"])
    expect(eraser).to_have_attribute("aria-pressed", "false")


def test_the_slider_follows_the_keyboard_and_is_part_of_the_link(page: Page) -> None:
    page.goto("/inside")
    settle(page)
    _draw(page, SEVEN)
    expect(_numbers(page)).to_have_text(["7", "7"])
    slider = page.get_by_role("slider", name="Weights after")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowLeft")
    page.wait_for_url("**after=0*")
    expect(page.get_by_text("Test accuracy after epoch 0: ReLU 96.25 %, sigmoid 11.39 %.")).to_be_visible()
    expect(_numbers(page).first).to_have_text("7")
    expect(_numbers(page).last).not_to_have_text("7")


def test_a_finger_draws_and_the_page_does_not_scroll(phone: Page) -> None:
    phone.goto("/inside")
    expect(_numbers(phone)).to_have_text(["3", "3"])
    settle(phone)
    touch = phone.context.new_cdp_session(phone)
    phone.get_by_role("img", name="Drawing pad").scroll_into_view_if_needed()
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    before = phone.evaluate(scrolled)
    _draw_with_finger(phone, touch, ONE)
    expect(_numbers(phone)).to_have_text(["1", "1"])
    assert phone.evaluate(scrolled) == before
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_picture_is_recognised_and_hostile_files_get_a_message(page: Page, tmp_path: Path) -> None:
    page.goto("/inside")
    settle(page)
    _draw(page, SEVEN)
    expect(_numbers(page)).to_have_text(["7", "7"])
    chooser = page.get_by_label("Open a picture of a digit")
    chooser.set_input_files(ROOT / "docs" / "digit.png")
    expect(_numbers(page)).to_have_text(["3", "3"])
    expect(page.get_by_text("What the networks see: 28x28 pixels.")).to_be_visible()
    # The last two are larger than what is sent as it is, so the browser reads or refuses them.
    hostile = {
        "text": "cannot be read",
        "truncated png": "cannot be read",
        "100 megapixels": "10,000 x 10,000 pixels",
        "decompression bomb": "more than 25 million pixels",
        "compressed text of 50 MB": "cannot be read",
        "text of 50 MB": "more than 20 MB",
        "two megabytes of zeros": "cannot be read",
    }
    contents = {**HOSTILE, "two megabytes of zeros": b"\x89PNG\r\n\x1a\n" + bytes(2_000_000)}
    for name, message in hostile.items():
        path = tmp_path / "picture.png"
        path.write_bytes(contents[name])
        chooser.set_input_files(path)
        expect(page.get_by_text(re.compile(message))).to_be_visible()
        # The digit before it stays.
        expect(_numbers(page)).to_have_text(["3", "3"])
        chooser.set_input_files(ROOT / "docs" / "digit.png")
        expect(page.get_by_text(re.compile(message))).to_have_count(0)


def test_test_images_are_shown_one_after_another_until_the_pad_is_cleared(page: Page, server_home: Path) -> None:
    runs = race(RunConfig(epochs=1, training_images=50, seed=5), ["relu"])
    train_into(RunStore(server_home), *runs)
    page.goto(f"/inside?race={runs[0].race_key}")
    settle(page)
    pool = datasets.load("digits")
    for place, chosen in enumerate(split_for(runs[0], len(pool.labels)).test[:2]):
        page.get_by_role("button", name="Next test image").click()
        what = datasets.DATASETS["digits"].class_in_words(int(pool.labels[chosen]))
        expect(page.get_by_text(f"Test image {place}: {what}.")).to_be_visible()
        grey = page.get_by_role("img", name="The image as the networks see it").evaluate(
            "one => [...one.getContext('2d').getImageData(0, 0, 28, 28).data.filter((_, place) => place % 4 === 0)]"
        )
        assert grey == pool.images[chosen].flatten().tolist()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("An example, until you draw.")).to_be_visible()


def test_the_weights_can_be_downloaded(page: Page) -> None:
    page.goto("/inside")
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Weights of ReLU").click()
    path = download.value.path()
    assert path.read_bytes() == (FOLDER / download.value.suggested_filename).read_bytes()


def test_a_click_on_a_cell_of_the_matrix_shows_its_images(page: Page, server_home: Path) -> None:
    networks = race(RunConfig(epochs=2, training_images=100))
    train_into(RunStore(server_home), *networks)
    page.goto(f"/inside?race={networks[0].race_key}&view=Mistakes")
    matrices = page.get_by_role("table", name=re.compile("Confusion matrix"))
    expect(matrices).to_have_count(2)
    first, second = matrices.all()
    cell = first.locator("button:not(:disabled):not(.right)").first
    words = cell.get_attribute("aria-label")
    cell.click()
    expect(cell).to_have_attribute("aria-pressed", "true")
    label, predicted, count = re.fullmatch(r"(\d) taken for (\d): (\d+) images?, .*", words).groups()
    shown = page.locator(".hw5-gallery-title").first
    expect(shown).to_contain_text(f"{label} taken for {predicted}: {count} image")
    expect(shown).to_be_in_viewport()
    page.wait_for_url(f"**images={label}-{predicted}*")
    expect(page.get_by_alt_text(re.compile(f"an? {label}, predicted {predicted}")).first).to_be_in_viewport()
    # The keys move between the cells, and the second matrix shows the same cell.
    cell.press("ArrowDown")
    expect(first.locator("button:focus")).not_to_have_attribute("aria-label", words)
    expect(second.locator("[aria-pressed=true]")).to_have_count(1)
    # A click on an image shows which of its pixels decide for the wrong class.
    page.locator(".gallery button").first.click()
    expect(page.get_by_role("heading", name=f"gives class {predicted}").first).to_be_in_viewport()
    page.wait_for_url("**view=Attribution*")
    expect(page.get_by_text(re.compile(rf"Test image \d+: an? {label}\."))).to_have_count(1)
    # At the bottom of the screen, the switch brings its view up.
    switch = page.get_by_role("radio", name="Through training")
    settle(page)
    switch.evaluate("button => button.scrollIntoView({ block: 'end' })")
    switch.click()
    expect(page.get_by_role("heading", name="Probability of class")).to_be_in_viewport(ratio=1)


def test_a_file_of_weights_is_a_third_network_and_hostile_files_get_a_message(page: Page, tmp_path: Path) -> None:
    page.goto("/inside")
    settle(page)
    chooser = page.get_by_label("Load weights from a safetensors file")
    chooser.set_input_files(recorded_weights.path_of(RACE[1], 0))
    expect(_numbers(page)).to_have_count(3)
    expect(page.get_by_text("Your file: sigmoid after epoch 0")).to_be_visible()
    page.get_by_text("Architecture and receipt of the file").click()
    expect(page.get_by_text("21,840 parameters")).to_be_visible()
    # A worker finds out that the shape does not fit the network. The browser refuses the last one.
    hostile = {
        "a pickle": "no complete safetensors file",
        "a false length": "no complete safetensors file",
        "false offsets": "do not fit its size",
        "a wrong shape": "do not fit its size",
        "transposed": "do not fit the network",
        "five megabytes": "more than 4 MB",
    }
    first = CONTENT.index(b'"shape":[50,320]')
    transposed = CONTENT[:first] + b'"shape":[320,50]' + CONTENT[first + 16 :]
    contents = {**HOSTILE_WEIGHTS, "transposed": transposed, "five megabytes": bytes(5_000_000)}
    files = cycle([(0, 4, "ReLU after epoch 4"), (1, 0, "sigmoid after epoch 0")])
    for name, message in hostile.items():
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(contents[name])
        chooser.set_input_files(path)
        expect(page.get_by_text(re.compile(message))).to_be_visible()
        expect(_numbers(page)).to_have_count(3)
        # Another network each time: its name says that the page has the file. Until then, the page shows the last one.
        index, epoch, network = next(files)
        chooser.set_input_files(recorded_weights.path_of(RACE[index], epoch))
        expect(page.get_by_text(f"Your file: {network}")).to_be_visible()
        expect(page.get_by_text(re.compile(message))).to_have_count(0)
    page.get_by_role("button", name="Remove").click()
    expect(_numbers(page)).to_have_count(2)
