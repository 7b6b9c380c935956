"""Which objects of a server Python's garbage collector looks through."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from pages.parts.shared.long_lived import exempt_libraries


@pytest.fixture
def exempt() -> Iterator[None]:
    limits = gc.get_threshold()
    exempt_libraries.cache_clear()
    exempt_libraries()
    yield
    gc.unfreeze()
    gc.set_threshold(*limits)


class _Session:
    """An object that refers to itself, as a session does."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.usefixtures("exempt")
def test_sessions_that_come_later_are_collected_and_the_libraries_are_exempt() -> None:
    assert gc.get_freeze_count() > 10_000
    session = _Session()
    ended = weakref.ref(session)
    exempt_libraries()  # a session that exists at a further call is not exempt
    del session
    gc.collect()
    assert ended() is None
