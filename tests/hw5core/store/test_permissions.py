"""Who may do what with a run: every action, for every user, in every state. docs/operating.md has the same table."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from itertools import product

import pytest

from hw5core.runs.config import RunConfig
from hw5core.runs.run import Status
from hw5core.store.owners import LECTURER, OPERATOR
from hw5core.store.permissions import GUEST_PAUSE_SECONDS, PAUSE_SECONDS, Action, may, may_restore, may_withdraw
from hw5core.store.store import RunStore
from hw5core.store.tables import set_status
from hw5core.store.trash import BY_LECTURER, BY_OWNER

CONFIG = RunConfig()
RUN = CONFIG.run_id
STARTER, RESUMER, STRANGER = "a" * 32, "b" * 32, "c" * 32
GUESTS = (STARTER, RESUMER, STRANGER)
ACTIVE = (Status.WAITING, Status.RUNNING)
OVER = (Status.STOPPED, Status.FINISHED, Status.FAILED)


def _in_status(store: RunStore, status: Status, by: str | None) -> None:
    """Bring the run, which this user controls and which is waiting, into the status."""
    if status in (Status.PAUSED, Status.STOPPED):
        store.halt(RUN, status, by)
    elif status is not Status.WAITING:
        with closing(sqlite3.connect(store.path)) as database, database:
            set_status(database, RUN, status)


def _started_by(store: RunStore, starter: str | None) -> str | None:
    store.claim(CONFIG, "server", starter)
    return starter


def _resumed(store: RunStore, starter: str | None) -> str | None:
    """A guest resumes the stopped run of the starter."""
    _started_by(store, starter)
    store.halt(RUN, Status.STOPPED, starter)
    store.claim(CONFIG, "server", RESUMER)
    return RESUMER


def _taken_over(store: RunStore) -> str | None:
    """The lecturer resumes the stopped run of a guest."""
    _started_by(store, STARTER)
    store.halt(RUN, Status.STOPPED, STARTER)
    store.claim(CONFIG, "server", LECTURER)
    return LECTURER


# How the run came about, and which guests may then: halt it; train it while it is paused; rename it; delete it while it
# is active; delete it otherwise.
HISTORIES: dict[str, tuple[Callable[[RunStore], str | None], tuple[set[str], ...]]] = {
    "a guest's": (lambda store: _started_by(store, STARTER), ({STARTER}, {STARTER}, {STARTER}, {STARTER}, {STARTER})),
    "a guest's, resumed by another": (
        lambda store: _resumed(store, STARTER),
        ({RESUMER}, {RESUMER}, {STARTER}, set(), {STARTER}),
    ),
    "the lecturer's": (lambda store: _started_by(store, LECTURER), (set(), set(), set(), set(), set())),
    "the lecturer's, resumed by a guest": (
        lambda store: _resumed(store, LECTURER),
        ({RESUMER}, {RESUMER}, set(), set(), set()),
    ),
    "the operator's": (lambda store: _started_by(store, None), (set(), set(), set(), set(), set())),
    "the operator's, resumed by a guest": (
        lambda store: _resumed(store, None),
        ({RESUMER}, {RESUMER}, set(), set(), set()),
    ),
    "a guest's, resumed by the lecturer": (_taken_over, (set(), set(), set(), set(), set())),
}


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("history", HISTORIES)
def test_every_action_of_everybody_in_every_state(store: RunStore, history: str, status: Status) -> None:
    make, (halt, resume, rename, delete_active, delete) = HISTORIES[history]
    _in_status(store, status, make(store))
    allowed = {
        Action.TRAIN: resume if status is Status.PAUSED else set(GUESTS),
        Action.HALT: halt,
        Action.RENAME: rename,
        Action.DELETE: delete_active if status in ACTIVE else delete,
    }
    assert set(allowed) == set(Action)
    run, owners = store.run(RUN), store.owners(RUN)
    assert run is not None
    for action, who in product(Action, (*GUESTS, LECTURER, OPERATOR, None)):
        expected = who not in GUESTS or who in allowed[action]
        assert may(action, who, run, owners) is expected, (action, who)
        assert (store.permitted(action, who, [RUN, "unknown"]) == {RUN}) is expected
    for who in (*GUESTS, LECTURER, None):
        assert (store.owned(who) == {RUN}) is (who not in GUESTS or who in rename)


@pytest.mark.parametrize("owner", [*GUESTS, LECTURER, None])
@pytest.mark.parametrize("status", [Status.PAUSED, *OVER])
def test_who_resumes_a_run_controls_it_and_who_created_it_owns_it(
    store: RunStore, status: Status, owner: str | None
) -> None:
    _in_status(store, status, _started_by(store, STARTER))
    may_claim = status is not Status.FINISHED and (status is not Status.PAUSED or owner not in (RESUMER, STRANGER))
    assert store.claim(CONFIG, "server", owner) is may_claim
    run = store.run(RUN)
    assert run is not None
    assert run.controller == ((OPERATOR if owner is None else owner) if may_claim else STARTER)
    others = {OPERATOR if owner is None else owner} - set(GUESTS)
    assert store.owners(RUN) == {STARTER} | (others if may_claim else set())


def test_joining_a_run_gives_no_rights(store: RunStore) -> None:
    store.claim(CONFIG, "a server that died", STARTER)
    assert store.claim(CONFIG, "server", RESUMER)
    assert store.permitted(Action.HALT, RESUMER, [RUN]) == set()
    assert store.permitted(Action.HALT, STARTER, [RUN]) == {RUN}


def test_a_finished_run_that_the_operator_asks_for_is_kept(store: RunStore) -> None:
    _in_status(store, Status.FINISHED, _started_by(store, STARTER))
    store.keep([RUN, "unknown"])
    assert store.owned(STARTER) == set()
    store.make_room(0)
    assert store.run(RUN) is not None


def test_a_guest_who_resumed_the_lecturers_run_loses_nothing_for_the_lecture(store: RunStore) -> None:
    _resumed(store, LECTURER)
    store.halt(RUN, Status.STOPPED, RESUMER)
    store.make_room(0)
    assert store.run(RUN) is not None, "the lecturer's run was deleted to make room"
    assert store.claim(CONFIG, "server", LECTURER)
    assert store.permitted(Action.HALT, RESUMER, [RUN]) == set(), "a guest may stop what the lecturer has resumed"


@pytest.mark.parametrize(("pauser", "seconds"), [(STARTER, GUEST_PAUSE_SECONDS), (LECTURER, PAUSE_SECONDS)])
def test_after_a_while_anybody_may_resume_a_paused_run(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, pauser: str, seconds: float
) -> None:
    _in_status(store, Status.PAUSED, _started_by(store, pauser))
    paused = store.run(RUN)
    assert paused
    since = paused.first_pause or paused.changed
    monkeypatch.setattr(time, "time", lambda: since + seconds - 5)
    assert not store.claim(CONFIG, "server", STRANGER)
    monkeypatch.setattr(time, "time", lambda: since + seconds + 5)
    assert store.claim(CONFIG, "server", STRANGER)
    assert store.permitted(Action.HALT, STARTER, [RUN]) == set()


@pytest.mark.parametrize("again", ["resume", "step", "delete", "another guest"])
def test_a_guest_cannot_renew_a_pause(store: RunStore, monkeypatch: pytest.MonkeyPatch, again: str) -> None:
    """Otherwise one guest could keep a race from everybody else for as long as they like."""
    _in_status(store, Status.PAUSED, _started_by(store, STARTER))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + GUEST_PAUSE_SECONDS + 1)
    match again:
        case "resume":
            assert store.claim(CONFIG, "server", STARTER)
        case "step":
            assert store.claim(CONFIG, "server", STARTER, Status.PAUSED)
        case "delete":
            store.delete(RUN)
            assert store.claim(CONFIG, "server", STARTER)
        case _:
            assert store.claim(CONFIG, "server", RESUMER)
    store.halt(RUN, Status.PAUSED, RESUMER if again == "another guest" else STARTER)
    assert store.claim(CONFIG, "server", STRANGER)


def test_a_pause_of_the_lecturer_holds_for_the_guest_who_started_the_run_too(store: RunStore) -> None:
    _started_by(store, STARTER)
    store.halt(RUN, Status.PAUSED, LECTURER)
    assert not store.claim(CONFIG, "server", STARTER)


@pytest.mark.parametrize("reason", [BY_OWNER, BY_LECTURER])
@pytest.mark.parametrize("history", HISTORIES)
def test_only_the_owner_and_the_lecturer_undo_a_deletion(store: RunStore, history: str, reason: str) -> None:
    make, (_, _, rename, _, _) = HISTORIES[history]
    make(store)
    store.delete(RUN, reason)
    (deletion,) = store.deletions([RUN])
    assert (deletion.reason, deletion.is_final) == (reason, False)
    for who in (*GUESTS, LECTURER, None):
        assert may_restore(who, deletion) is (who not in GUESTS or (reason == BY_OWNER and who in rename)), who


def test_planned_runs_are_dropped_by_who_planned_them_and_by_the_lecturer() -> None:
    assert may_withdraw(STARTER, STARTER)
    assert not may_withdraw(STRANGER, STARTER)
    assert not may_withdraw(STARTER, None)
    assert may_withdraw(LECTURER, STARTER)
    assert may_withdraw(None, LECTURER)
