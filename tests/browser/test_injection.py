"""Text from a visitor, in an address or as the name of a run, is shown as text. No script in it runs."""

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Dialog, Page, expect

from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from hw5core.store.store import RunStore

pytestmark = pytest.mark.browser

# Each part sets the same variable if it is treated as markup: an attribute, a script, a Markdown link. Every field that
# shows the text has room for all of it.
WORDS = "<img src=x onerror=injected=1><script>injected=1</script>[a](javascript:injected=1)"
LINK = "[free](http://stranger.example/)"
ADDRESS = "www.stranger.example"
CONFIGS = race(RunConfig(epochs=1, learning_rate=0.05))


def test_text_from_a_visitor_is_never_markup(page: Page, server_home: Path) -> None:
    store = RunStore(server_home)
    for config in CONFIGS:
        store.claim(config, "server", "a stranger")
        store.halt(config.run_id, Status.STOPPED)
        store.rename(config.run_id, WORDS[:60])
    dialogs: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    _shows_as_text(page, f"/?net={quote(WORDS)}", "The network in this page's URL cannot be read")
    _shows_as_text(page, f"/train?network={quote(WORDS)}&dataset={quote(WORDS)}", "word 1")
    _shows_as_text(page, f"/?net={quote(LINK)}", "“free”")  # a line may have brackets, which are left out
    _shows_as_text(page, f"/train?network={quote(LINK)}", "“free”")
    _shows_as_text(page, f"/?net={ADDRESS}", "stranger.example")
    _shows_as_text(page, f"/check?net={quote(WORDS)}", "This network cannot be checked: word 1")
    _shows_as_text(page, f"/runs?search={quote(WORDS[:20])}", "2 runs")
    _shows_as_text(page, f"/sweep?learning-rates={quote(WORDS)}", "Learning rates must be numbers")
    page.remove_listener("dialog", note)
    assert not dialogs


def _shows_as_text(page: Page, path: str, text: str) -> None:
    page.goto(path)
    expect(page.get_by_text(text).first).to_be_visible()
    expect(page.locator("[data-testid=stApp] img[onerror], [data-testid=stApp] a[href^='javascript']")).to_have_count(0)
    expect(page.locator("a[href*=stranger]")).to_have_count(0)
    assert page.evaluate("window.injected") is None
