"""Editing in a real browser: the time from a key press to the new total, and new totals per second during a drag."""

import time

from playwright.sync_api import Page

from benchmarks.live import window
from benchmarks.measurement import Measurement, Target, measured, milliseconds
from hw5core.network.presets import PRESETS

_NETWORKS = ("homework", "vgg-16")
_KEYS = 30
_DRAG_SECONDS = 2.0

# Both scripts run in the page, so the figures contain no time for communication with Playwright.
_WATCH_KEY = """() => {
  const total = () => document.querySelector('.hw5-number')?.textContent
  const before = total(); let pressed = null; window.waited = null
  addEventListener('keydown', () => { pressed = performance.now() }, { once: true, capture: true })
  const observer = new MutationObserver(() => {
    if (pressed === null || !total() || total() === before) return
    window.waited = (performance.now() - pressed) / 1000; observer.disconnect()
  })
  observer.observe(document.body, { subtree: true, childList: true, characterData: true })
}"""
_WATCH_DRAG = """() => {
  window.seen = new Set()
  new MutationObserver(() => {
    const total = document.querySelector('.hw5-number')?.textContent
    if (total) window.seen.add(total)
  }).observe(document.body, { subtree: true, childList: true, characterData: true })
}"""


def measure() -> list[Measurement]:
    """Measure latency and rate with a network of 10 layers and one of 40 layers."""
    with window() as (page, address):
        return [figure for name in _NETWORKS for figure in _on_network(page, address, name)]


def _on_network(page: Page, address: str, name: str) -> list[Measurement]:
    preset = PRESETS[name]
    page.goto(f"{address}/?net={preset.text.replace(' ', '+')}")
    page.get_by_role("cell", name="✓").first.wait_for()
    page.wait_for_timeout(1000)
    key = milliseconds(f"{preset.title}: key press to new total", _key_presses(page), Target(100))
    rate = _drag(page)
    target = Target(10, least=True)
    return [key, measured(f"{preset.title}: new totals while dragging", [rate], "per second", target)]


def _key_presses(page: Page) -> list[float]:
    """Return the seconds from each key press to the new total."""
    page.get_by_role("slider").first.focus()
    waited = []
    for _ in range(_KEYS):
        page.evaluate(_WATCH_KEY)
        page.keyboard.press("ArrowRight")
        page.wait_for_function("window.waited !== null")
        waited.append(page.evaluate("window.waited"))
        page.wait_for_timeout(700)  # the rest of the page updates after the total
    return waited


def _drag(page: Page) -> float:
    """Return the new totals per second while the mouse button is pressed."""
    box = page.get_by_role("slider").first.bounding_box()
    assert box is not None
    page.evaluate(_WATCH_DRAG)
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.2 * box["width"], height)
    page.mouse.down()
    start = time.perf_counter()
    while (passed := time.perf_counter() - start) < _DRAG_SECONDS:
        page.mouse.move(box["x"] + (0.2 + 0.35 * passed) * box["width"], height)
    seen: int = page.evaluate("window.seen.size")
    passed = time.perf_counter() - start
    page.mouse.up()
    page.wait_for_timeout(1000)
    return seen / passed
