"""The list of pages: every address opens its page, also on a new server, and one more line adds a page."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from pages.parts.shared.page_list import PAGES, Page
from tests.docs.markdown import sections
from tests.served.conftest import Server
from tools.live import ROOT, serving
from tools.visitor import Visitor, visitor

pytestmark = pytest.mark.slow

ADDRESSES = [(page, url) for page in PAGES for url in page.urls if url]


async def _begin(address: str, page: str, query: str = "") -> Visitor:
    """Return the tab of a visit to this page, with its heading and the elements above it."""
    async with visitor(address, page, query) as tab:
        await tab.until(lambda tab: bool(tab.heading) and "Try this" in tab.text())
        return tab


def test_an_old_name_opens_its_page_as_the_first_visit_to_a_new_server(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    page = next(page for page in PAGES if page.aliases and not page.default)
    with serving(tmp_path, environment=environment) as (address, _):
        first = asyncio.run(_begin(address, page.aliases[0], "lecture=true"))
        later = asyncio.run(_begin(address, page.urls[0], "lecture=true"))
    assert not first.not_found
    assert not first.exceptions
    assert first.checked("Lecture mode"), "the query of the address is lost"
    assert (first.heading, first.menu) == (later.heading, later.menu)


@pytest.mark.parametrize("url", [url for _, url in ADDRESSES])
def test_every_address_has_a_script_that_reaches_the_router(url: str) -> None:
    # Streamlit runs it without app.py if its address is the first visit to a new server.
    script = (ROOT / "pages" / f"{url}.py").read_text(encoding="utf-8")
    assert re.search(r"\b(begin_page|run_through_router)\(\s*__file__", script)


@pytest.mark.parametrize(("page", "url"), ADDRESSES, ids=[url for _, url in ADDRESSES])
def test_every_address_opens_its_page(page: Page, url: str, server: Server) -> None:
    tab = asyncio.run(_begin(server.address, url, "lecture=true"))
    assert not tab.not_found
    assert not tab.exceptions
    assert tab.checked("Lecture mode"), "the query of the address is lost"
    assert tab.heading == asyncio.run(_begin(server.address, page.urls[0])).heading
    assert tab.menu == [page.title for page in PAGES]


def test_the_script_and_the_line_of_the_documentation_add_a_page(tmp_path: Path, environment: dict[str, str]) -> None:
    app = tmp_path / "app"
    for name in ("pages", "hw5core", ".streamlit"):
        shutil.copytree(ROOT / name, app / name)
    shutil.copy(ROOT / "app.py", app)
    (section,) = (one for one in sections(ROOT / "docs" / "extending.md") if one.heading == "A page")
    (_, script), (_, line) = section.blocks
    (app / "pages" / "presets.py").write_text(script)
    page_list = app / "pages" / "parts" / "shared" / "page_list.py"
    lines = page_list.read_text().splitlines()
    lines.insert(lines.index("PAGES = (") + 1, f"{line.strip()},")
    page_list.write_text("\n".join(lines))
    with serving(tmp_path / "home", environment=environment, folder=app) as (address, _):
        added, start = asyncio.run(_begin(address, "presets")), asyncio.run(_begin(address, ""))
    assert added.heading == "Famous networks"
    assert not added.exceptions
    assert added.menu == start.menu
    assert set(added.menu) == {"Presets", *(page.title for page in PAGES)}
