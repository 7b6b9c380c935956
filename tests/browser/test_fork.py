"""The fork page in a real browser: two forks of one run, drawn in the same charts."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from hw5core.runs.config import RunConfig
from hw5core.store.store import RunStore
from tools.training import train_into

pytestmark = pytest.mark.browser

RUN = RunConfig(activation="sigmoid", training_images=200, epochs=4)
OTHER = RunConfig(activation="relu", training_images=100, epochs=2)


def test_two_forks_continue_from_a_checkpoint_and_share_the_charts(
    page: Page, watcher: Page, server_home: Path
) -> None:
    train_into(RunStore(server_home), OTHER, RUN)
    page.goto("/fork")
    expect(page.get_by_text("Fork of the sigmoid run after epoch 0 (batch 40)")).to_be_visible()
    _choose(page, "after epoch", "1")
    _run_to_the_end(page, "fork, ReLU, after epoch 1")
    expect(_labels(page)).to_have_text(["sigmoid: test accuracy", "fork, ReLU, after epoch 1: test accuracy"])
    # One line for the parent, and one for the fork, which starts where it leaves the parent.
    for chart in (page.locator(".vega-embed").first, page.locator(".vega-embed").last):
        expect(_lines(chart)).to_have_count(2)
    expect(page.locator(".vega-embed").first.get_by_text("fork starts")).to_be_visible()
    # At the end of each line, its short label and its accuracy.
    for name in ("sigmoid", "fork, ReLU"):
        expect(page.locator(".vega-embed").last.get_by_text(re.compile(rf"^{name} \d+\.\d %$"))).to_be_visible()
    # The second fork joins the first one.
    _choose(page, "activation", "tanh")
    expect(page.get_by_text("not started")).to_be_visible()
    _run_to_the_end(page, "fork, tanh, after epoch 1")
    expect(_labels(page)).to_have_text([re.compile(f"^{name}") for name in ("sigmoid", "fork, tanh", "fork, ReLU")])
    for chart in (page.locator(".vega-embed").first, page.locator(".vega-embed").last):
        expect(_lines(chart)).to_have_count(3)
    watcher.goto(page.url)
    expect(_labels(watcher)).to_have_count(3)
    # Another parent starts with its own default change.
    _choose(page, "Run to fork", re.compile("^ReLU on digits"))
    expect(page.get_by_text("Fork of the ReLU run after epoch 0 (batch 20): activation")).to_be_visible()
    expect(_labels(page)).to_have_text([re.compile("^ReLU"), re.compile("^fork, sigmoid:")])
    expect(page).to_have_url(re.compile(f"/fork\\?run={OTHER.run_id}$"))


def _choose(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=isinstance(option, str)).click()


def _run_to_the_end(page: Page, label: str) -> None:
    page.get_by_role("button", name="Start the fork").click()
    expect(page.get_by_role("button", name=f"Receipt of {label}")).to_be_visible()
    expect(page.get_by_text(f"After epoch 3, {label} has")).to_be_visible()


def _labels(page: Page) -> Locator:
    return page.locator(".hw5-board .hw5-label")


def _lines(chart: Locator) -> Locator:
    """Return the visible lines. The row that only holds the reference lines draws none."""
    return chart.locator('.mark-line path[d*="L"]')
