"""Imports point in one direction: between the packages of the core, and from app.py over the pages to the core."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

LEVELS = (
    {"errors", "home", "markdown", "strict_json"},
    {"network", "data"},
    {"explain", "pasted", "runs"},
    {"training", "store", "charts"},
    {"engine", "homework"},
    {"terminal"},
    {"__main__"},
)
"""The packages and modules of the core. Each may import from those before its own level, and from itself."""


def _imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports anywhere, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # A module that is imported from its package counts as the module.
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _core_imports() -> set[tuple[str, str]]:
    """Return which package of the core imports which other one."""
    core = ROOT / "hw5core"
    found = set()
    for path in core.rglob("*.py"):
        importer = path.relative_to(core).parts[0].removesuffix(".py")
        imported = (name.split(".")[1] for name in _imports(path) if name.startswith("hw5core."))
        found |= {(importer, name) for name in imported if name != importer}
    return found


def test_every_package_of_the_core_has_a_level() -> None:
    core = ROOT / "hw5core"
    names = {path.relative_to(core).parts[0].removesuffix(".py") for path in core.rglob("*.py")} - {"__init__"}
    assert names == set().union(*LEVELS)


def test_the_core_imports_only_from_lower_levels() -> None:
    level = {name: number for number, names in enumerate(LEVELS) for name in names}
    wrong = {(one, other) for one, other in _core_imports() if level[other] >= level[one]}
    assert wrong == set()


def test_only_the_store_imports_sqlite_and_only_the_engine_imports_dask() -> None:
    core = ROOT / "hw5core"
    users = {
        (path.relative_to(core).parts[0], name.split(".")[0])
        for path in core.rglob("*.py")
        for name in _imports(path)
        if name.split(".")[0] in ("sqlite3", "dask", "distributed")
    }
    assert users == {("store", "sqlite3"), ("engine", "dask"), ("engine", "distributed")}


def test_the_core_imports_no_pages() -> None:
    wrong = [path for path in (ROOT / "hw5core").rglob("*.py") for name in _imports(path) if name.startswith("pages")]
    assert wrong == []


def test_no_page_imports_another_page() -> None:
    scripts = {path.stem for path in (ROOT / "pages").glob("*.py")}
    for path in (ROOT / "pages").rglob("*.py"):
        imported = {name.split(".")[1] for name in _imports(path) if name.startswith("pages.")}
        assert not imported & scripts, path


def test_a_pages_parts_are_used_by_that_page_alone() -> None:
    folders = {path.name for path in (ROOT / "pages" / "parts").iterdir() if path.is_dir()} - {"shared", "__pycache__"}
    for path in (ROOT / "pages").rglob("*.py"):
        inside = path.relative_to(ROOT / "pages").parts
        own = inside[1] if inside[0] == "parts" else path.stem
        imported = {name.split(".")[2] for name in _imports(path) if name.startswith("pages.parts.")}
        assert imported & folders <= {own}, path
