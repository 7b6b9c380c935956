"""Background jobs: one computation for everyone who asks, the newest request first, and errors that are tried again."""

import threading
from collections.abc import Iterator

import pytest
import streamlit as st

from hw5core.errors import EngineError, LabError
from pages.parts.shared import background
from pages.parts.shared.background import ask_in_background, ended
from tests.inline_engine import InlineEngine
from tools.waiting import wait_until

GATE = threading.Event()
STARTED: list[int] = []


def _square(number: int) -> int:
    STARTED.append(number)
    GATE.wait()
    return number * number


def _refuse(kind: str) -> None:
    STARTED.append(0)
    raise EngineError("No worker.") if kind == "lab" else ZeroDivisionError("by zero")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    st.cache_resource.clear()
    STARTED.clear()
    GATE.clear()
    monkeypatch.setattr(background, "engine", InlineEngine)
    yield
    GATE.set()


def _await(*jobs: tuple) -> None:
    wait_until(lambda: all(ended(jobs)), lambda: f"jobs have not ended: {jobs}")


def test_a_hall_that_asks_at_once_causes_one_computation() -> None:
    visitors = [threading.Thread(target=ask_in_background, args=(_square, 3)) for _ in range(100)]
    for one in visitors:
        one.start()
    for one in visitors:
        one.join()
    assert ask_in_background(_square, 3) is None
    assert ended(((_square, 3),)) == (False,)
    GATE.set()
    _await((_square, 3))
    assert ask_in_background(_square, 3) == 9
    assert STARTED == [3]


def test_the_newest_request_comes_first() -> None:
    ask_in_background(_square, 0)
    wait_until(lambda: STARTED == [0], lambda: STARTED)
    for number in (1, 2, 3, 1):
        ask_in_background(_square, number)
    GATE.set()
    _await(*((_square, number) for number in range(4)))
    assert STARTED == [0, 1, 3, 2]


@pytest.mark.parametrize(("kind", "words"), [("lab", "No worker."), ("other", "ZeroDivisionError")])
def test_an_error_is_shown_to_everyone_and_tried_again_later(
    kind: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_in_background(_refuse, kind)
    _await((_refuse, kind))
    for _ in range(2):
        with pytest.raises(LabError, match=words):
            ask_in_background(_refuse, kind)
    assert STARTED == [0]
    monkeypatch.setattr(background, "RETRY_SECONDS", -1)
    assert ask_in_background(_refuse, kind) is None
    wait_until(lambda: STARTED == [0, 0], lambda: STARTED)


def test_only_the_newest_results_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "MAX_RESULTS", 2)
    GATE.set()
    for number in range(4):
        ask_in_background(_square, number)
        _await((_square, number))
    assert ended(tuple((_square, number) for number in range(4))) == (False, False, True, True)


def test_too_many_waiting_requests_displace_the_oldest_which_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "MAX_WAITING", 2)
    ask_in_background(_square, 0)
    wait_until(lambda: STARTED == [0], lambda: STARTED)
    for number in (1, 2, 3):
        ask_in_background(_square, number)
    assert ended(((_square, 1), (_square, 2))) == (True, False)
    with pytest.raises(LabError, match="Too many computations are waiting"):
        ask_in_background(_square, 1)
    GATE.set()
    _await((_square, 2), (_square, 3))
    assert STARTED == [0, 3, 2]
