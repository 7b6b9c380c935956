"""What somebody wrote, in an address or as the name of a run, is shown as it was written: no script of it runs."""

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from hw5core.store.store import RunStore

pytestmark = pytest.mark.browser

# Each does the same if it is ever taken for markup: by a script, by an attribute, by a link of Markdown.
WORDS = "<img src=x onerror=window.taken=1><script>window.taken=1</script>[a](javascript:window.taken=1)"
LINK = "[free](http://stranger.example/)"
ADDRESS = "www.stranger.example"
CONFIGS = race(RunConfig(epochs=1))


def test_no_word_of_a_strangers_is_markup(page: Page, server_home: Path) -> None:
    store = RunStore(server_home)
    for config in CONFIGS:
        store.claim(config, "server", "a stranger")
        store.halt(config.run_id, Status.STOPPED)
        store.rename(config.run_id, WORDS[:60])
    page.on("dialog", lambda dialog: pytest.fail(f"a script asks: {dialog.message}"))
    _unharmed(page, f"/?net={quote(WORDS)}", "The network in this page's address cannot be read")
    _unharmed(page, f"/train?network={quote(WORDS)}&dataset={quote(WORDS)}", "word 1")
    _unharmed(page, f"/?net={quote(LINK)}", "[free](")
    _unharmed(page, f"/train?network={quote(LINK)}", "[free](")
    _unharmed(page, f"/?net={ADDRESS}", "stranger.example")
    _unharmed(page, f"/runs?search={quote(WORDS[:20])}", "<img src=x onerror=")
    _unharmed(page, f"/sweep?learning-rates={quote(WORDS)}", "Sweep")


def _unharmed(page: Page, path: str, said: str) -> None:
    page.goto(path)
    expect(page.get_by_text(said).first).to_be_visible()
    expect(page.locator("[data-testid=stApp] img[onerror], [data-testid=stApp] a[href^='javascript']")).to_have_count(0)
    expect(page.locator("a[href*=stranger]")).to_have_count(0)
    assert page.evaluate("window.taken") is None
