import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from hw5core.engine.limits import PUBLIC
from tests.docs.markdown import DOCUMENTS, anchors, inline_code, prose
from tools.live import ROOT

README = ROOT / "README.md"
CHANGELOG = ROOT / "CHANGELOG.md"


def test_the_readme_is_short_and_has_one_picture() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.split()) <= 700
    assert text.count("![") == 1


NOT_IN_THE_REPOSITORY = {"MNIST/raw", "FashionMNIST/raw", "build/bench.json", "build/screenshots"}
"""Folders and files that users have, or that a command writes."""


@pytest.mark.parametrize("path", [*DOCUMENTS, CHANGELOG], ids=lambda path: path.name)
def test_every_path_that_is_named_exists(path: Path) -> None:
    named = {
        code
        for code in inline_code(path)
        if re.fullmatch(r"[\w.-]+(/[\w.-]*)+", code) or re.fullmatch(r"[\w.-]+\.(py|md|toml|txt|css|js|png)", code)
    }
    assert [code for code in named - NOT_IN_THE_REPOSITORY if not (ROOT / code).exists()] == []


@pytest.mark.parametrize("path", [*DOCUMENTS, CHANGELOG], ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target, anchor in _links(path):
        linked = (path.parent / target).resolve() if target else path
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"


def _links(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the targets of links inside the repository, each with its anchor."""
    for target in re.findall(r"\]\(([^)]+)\)", prose(path)):
        if "://" not in target:
            file, _, anchor = target.partition("#")
            yield file, anchor


def test_every_document_is_linked_from_the_readme() -> None:
    linked = {(README.parent / target).resolve() for target, _ in _links(README)}
    assert set(DOCUMENTS) - {README} <= linked


def test_every_environment_variable_is_documented() -> None:
    sources = [*(ROOT / "hw5core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    read = {name for path in sources for name in re.findall(r"HW5_[A-Z]+", path.read_text(encoding="utf-8"))}
    documented = set(inline_code(ROOT / "docs" / "operating.md"))
    assert read <= documented


def test_every_streamlit_option_exists_in_the_installed_version() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    options = re.findall(r"\b((?:server|browser|client|runner|global)\.[a-z]+[A-Z]\w*)", text)
    assert options
    for section, *words in (name.lower().split("_")[1:] for name in re.findall(r"STREAMLIT_[A-Z_]+", text)):
        options.append(f"{section}.{words[0]}{''.join(map(str.capitalize, words[1:]))}")
    for option in options:
        st.get_option(option)  # raises RuntimeError for an unknown one


def test_the_documented_limits_are_those_of_the_app() -> None:
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = text.partition("## Limits")[2].partition("###")[0]
    numbers = {int(number.replace(",", "")) for number in re.findall(r"\b\d[\d,]*\b", table)}
    assert PUBLIC.store_bytes == 500 * 1024**2
    assert numbers >= {
        PUBLIC.epochs,
        PUBLIC.parameters,
        PUBLIC.macs,
        PUBLIC.images_seen,
        PUBLIC.steps,
        PUBLIC.waiting_per_owner,
        PUBLIC.waiting_per_address,
        PUBLIC.waiting,
        PUBLIC.planned_per_owner,
        PUBLIC.planned_per_address,
        PUBLIC.planned,
        PUBLIC.paused_per_owner,
        PUBLIC.paused_per_address,
        PUBLIC.paused,
        PUBLIC.store_bytes_per_owner // 1024**2,
        PUBLIC.store_bytes_per_address // 1024**2,
    }
