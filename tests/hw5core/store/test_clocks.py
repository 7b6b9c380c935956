"""A system clock that jumps changes no order of runs, no pause and no server's presence."""

import time
from dataclasses import replace

import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.run import Status
from hw5core.store.permissions import GUEST_PAUSE_SECONDS
from hw5core.store.presence import Presence, is_alive
from hw5core.store.store import RunStore

YEAR = 365 * 86_400.0
CONFIG = RunConfig(network="1x28x28 flatten linear16 relu linear10", epochs=3)


class _Clock:
    """The system's clock, moved by `offset` seconds."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._real = time.time

    def __call__(self) -> float:
        return self._real() + self.offset


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    moved = _Clock()
    monkeypatch.setattr(time, "time", moved)
    return moved


def test_runs_are_listed_in_the_order_in_which_they_were_started(store: RunStore, clock: _Clock) -> None:
    started = []
    for seed, offset in enumerate((0.0, -YEAR, 10 * YEAR, -5.0)):
        clock.offset = offset
        config = replace(CONFIG, seed=seed)
        store.claim(config, "server", "mine")
        started.append(config.run_id)
    listed = store.newest(10)
    assert [run.run_id for run, _ in listed] == started[::-1]
    assert [run.run_id for run, _ in store.newest(2)] == started[:1:-1]


@pytest.mark.parametrize(
    ("jump", "is_reserved"),
    [(0.0, True), (-5.0, True), (60.0, True), (GUEST_PAUSE_SECONDS + 60, False), (-YEAR, False), (YEAR, False)],
)
def test_a_paused_run_is_reserved_for_some_minutes_and_never_for_years(
    store: RunStore, clock: _Clock, jump: float, is_reserved: bool
) -> None:
    store.claim(CONFIG, "server", "mine")
    store.halt(CONFIG.run_id, Status.PAUSED, "mine")
    clock.offset = jump
    assert store.claim(CONFIG, "server", "yours") is not is_reserved
    store.halt(CONFIG.run_id, Status.PAUSED, "mine")
    assert store.claim(CONFIG, "server", "mine")


@pytest.mark.parametrize("jump", [-YEAR, YEAR])
def test_a_server_is_present_until_it_closes(store: RunStore, clock: _Clock, jump: float) -> None:
    here = Presence(store.folder)
    clock.offset = jump
    assert is_alive(store.folder, here.token)
    here.close()
    assert not is_alive(store.folder, here.token)
