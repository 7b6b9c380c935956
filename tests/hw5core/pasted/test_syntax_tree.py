"""Threads that read Python text at the same time all get their syntax trees."""

import ast
import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hw5core.pasted.syntax_tree import syntax_tree

TEXT = Path(ast.__file__).read_text(encoding="utf-8")


@pytest.fixture
def switching_threads() -> Iterator[None]:
    """Collect garbage often, and let another thread run at each collection."""
    thresholds = gc.get_threshold()

    def switch(phase: str, _: dict[str, int]) -> None:
        time.sleep(0.000_1)

    gc.callbacks.append(switch)
    gc.set_threshold(1_000)
    yield
    gc.set_threshold(*thresholds)
    gc.callbacks.remove(switch)


@pytest.mark.slow
@pytest.mark.usefixtures("switching_threads")
def test_every_thread_gets_its_tree() -> None:
    expected = ast.dump(ast.parse(TEXT))
    with ThreadPoolExecutor(4) as threads:
        trees = list(threads.map(syntax_tree, [TEXT] * 60))
    assert all(ast.dump(tree) == expected for tree in trees)


def test_an_error_of_the_text_is_raised() -> None:
    with pytest.raises(SyntaxError, match="never closed"):
        syntax_tree("f(")
