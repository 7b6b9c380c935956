import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import streamlit as st

from hw5core.engine.limits import PUBLIC, Limits
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


LIMITS = {
    "epochs of a run": ("epochs",),
    "parameters of a network": ("parameters",),
    "MACs per image": ("macs",),
    "batches of a run": ("steps",),
    "training images of a run, times epochs (the homework's race on MNIST needs 210,000)": ("images_seen",),
    "values that the layers of a network compute for one batch": ("step_values",),
    "MACs for one batch": ("step_macs",),
    "runs waiting for a worker": ("waiting_per_owner", "waiting_per_address", "waiting"),
    "planned runs of sweeps": ("planned_per_owner", "planned_per_address", "planned"),
    "paused runs; runs stepped at one time": ("paused_per_owner", "paused_per_address", "paused"),
    "time until a run that was deleted and started again can be deleted again": ("deletion_seconds",),
    "disk space for runs": ("store_bytes_per_owner", "store_bytes_per_address", "store_bytes"),
}
"""The rows of the table of limits: the fields of Limits for a guest, for an address and for everyone together."""


def test_the_documented_limits_are_those_of_the_app() -> None:
    assert {name for row in LIMITS.values() for name in row} == {field.name for field in fields(Limits)}
    documented = {title: (*map(_documented_limit, row), "", "")[:3] for title, row in LIMITS.items()}
    assert _rows_of_limits() == documented


def _rows_of_limits() -> dict[str, tuple[str, ...]]:
    """Return the cells of each row of the table in docs/operating.md by the row's title."""
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = re.findall(r"^\|(.+)\|$", text.partition("## Limits")[2].partition("###")[0], re.MULTILINE)
    heading, _, *rows = (tuple(cell.strip() for cell in line.split("|")) for line in table)
    assert heading == ("limit", "for a guest", "for an address", "for everyone together")
    assert len({title for title, *_ in rows}) == len(rows)
    return {title: tuple(cells) for title, *cells in rows}


def _documented_limit(name: str) -> str:
    """Return the cell of a guest's limit: a plain number, or a number with its unit."""
    limit = getattr(PUBLIC, name)
    if name == "deletion_seconds":
        return f"{limit / 3600:g} hour"
    return f"{limit / 1024**2:g} MB" if name.startswith("store_bytes") else f"{limit:,}"
