"""The list of pages: every address opens its page on a new server, and one more line adds a page."""

import asyncio
import shutil
from pathlib import Path

import pytest

from pages.parts.shared.page_list import PAGES, Page
from tests.docs.markdown import sections
from tools.live import ROOT, serving
from tools.visitor import Visitor, visitor

pytestmark = pytest.mark.slow

ADDRESSES = [(page, url) for page in PAGES for url in page.urls if url]


async def _begin(address: str, page: str, query: str = "") -> Visitor:
    """Return the tab of a visit to this page, with its heading and the elements above it."""
    async with visitor(address, page, query) as tab:
        await tab.until(lambda tab: bool(tab.heading) and "Try this" in tab.text())
        return tab


@pytest.mark.parametrize(("page", "url"), ADDRESSES, ids=[url for _, url in ADDRESSES])
def test_every_address_opens_its_page_as_the_first_visit_to_a_new_server(
    page: Page, url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    with serving(tmp_path, environment=environment) as (address, _):
        first = asyncio.run(_begin(address, url, "lecture=true"))
        later = asyncio.run(_begin(address, page.urls[0]))
    assert not first.not_found
    assert not first.exceptions
    assert first.checked("Lecture mode"), "the query of the address is lost"
    assert first.heading == later.heading
    assert first.menu == later.menu == [page.title for page in PAGES]


def test_the_script_and_the_line_of_the_documentation_add_a_page(tmp_path: Path, environment: dict[str, str]) -> None:
    app = tmp_path / "app"
    for name in ("pages", "hw5core", ".streamlit"):
        shutil.copytree(ROOT / name, app / name, ignore=shutil.ignore_patterns("__pycache__"))
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
