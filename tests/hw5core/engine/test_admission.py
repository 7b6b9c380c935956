"""Admission: the order of the queue, and its limits for each guest and for all."""

from dataclasses import replace

import pytest

from hw5core.engine.admission import Admission, Request, check_sizes
from hw5core.engine.limits import OWN, PUBLIC
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig
from hw5core.runs.run import Status
from hw5core.store.owners import LECTURER

GUEST = "0123456789abcdef" * 2
OTHER = "fedcba9876543210" * 2
CONFIGS = [RunConfig(seed=seed) for seed in range(120)]
LONG = RunConfig(dataset="mnist", epochs=31)


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW5_PUBLIC", "1")


def _start(admission: Admission, configs: list[RunConfig], owner: str | None = None) -> list[RunConfig]:
    """Admit the runs as the engine does, and return those that got a slot. Each owner has an address of their own."""
    for request in admission.request(configs, owner, f"the address of {owner}"):
        admission.admit(request)
    return [request.config for request in admission.take_waiting()]


def _places(admission: Admission, configs: list[RunConfig]) -> list[int | None]:
    return [admission.place(config.run_id) for config in configs]


def test_runs_get_the_free_slots_and_the_rest_waits_in_order() -> None:
    admission = Admission(slots=2)
    assert _start(admission, CONFIGS[:5]) == CONFIGS[:2]
    assert _places(admission, CONFIGS[:5]) == [None, None, 1, 2, 3]
    ids = [config.run_id for config in CONFIGS]
    training, ahead = admission.ahead(ids[4])
    assert (set(training), ahead) == ({*ids[:2]}, ids[2:4])
    assert admission.ahead(ids[2])[1] == admission.ahead(ids[0])[1] == admission.ahead(ids[9])[1] == []
    admission.remove(CONFIGS[3].run_id)
    assert _places(admission, CONFIGS[:5]) == [None, None, 1, None, 2]
    admission.remove(CONFIGS[0].run_id)
    assert [request.config for request in admission.take_waiting()] == [CONFIGS[2]]
    assert _places(admission, CONFIGS[2:5]) == [None, None, 1]


def test_a_run_that_is_here_already_is_not_requested_again() -> None:
    admission = Admission(slots=1)
    _start(admission, CONFIGS[:2])
    assert admission.request(CONFIGS[:3], GUEST) == [Request(CONFIGS[2], GUEST)]
    assert admission.request(CONFIGS[:3], GUEST) == [], "an arriving run was requested a second time"


def test_a_refused_run_leaves_nothing_behind() -> None:
    admission = Admission(slots=1)
    (request,) = admission.request(CONFIGS[:1], GUEST)
    admission.refuse(request)
    assert not admission.has(request.run_id)
    assert admission.take_waiting() == []


def test_a_run_that_is_stopped_while_it_arrives_stays_requested() -> None:
    """The store decides which came last: the engine asks it before it trains the run."""
    admission = Admission(slots=1)
    (request,) = admission.request(CONFIGS[:1], GUEST)
    admission.remove(request.run_id)
    admission.admit(request)
    assert admission.take_waiting() == [request]


def test_more_slots_take_more_waiting_runs() -> None:
    admission = Admission(slots=1)
    _start(admission, CONFIGS[:3])
    admission.slots = 2
    assert [request.config for request in admission.take_waiting()] == [CONFIGS[1]]


def test_planned_runs_are_taken_only_when_nothing_waits() -> None:
    admission = Admission(slots=1)
    admission.plan(CONFIGS[:2], GUEST)
    _start(admission, CONFIGS[2:4])
    assert admission.take_planned() is None, "the only slot is taken"
    admission.remove(CONFIGS[2].run_id)
    assert admission.take_planned() is None, "a run that somebody started waits"
    assert [request.config for request in admission.take_waiting()] == [CONFIGS[3]]
    admission.remove(CONFIGS[3].run_id)
    taken = admission.take_planned()
    assert taken == Request(CONFIGS[0], GUEST)
    assert admission.take_planned() is None, "the slot was given away twice"
    assert set(admission.planned()) == {CONFIGS[0].run_id, CONFIGS[1].run_id}
    admission.admit(taken)
    assert set(admission.planned()) == {CONFIGS[1].run_id}
    assert admission.take_waiting() == [taken]


def test_a_planned_run_that_somebody_starts_is_no_longer_planned() -> None:
    admission = Admission(slots=1)
    admission.plan(CONFIGS[:2], GUEST)
    assert _start(admission, CONFIGS[:1], OTHER) == CONFIGS[:1]
    assert admission.planned() == {CONFIGS[1].run_id: GUEST}


def test_only_who_planned_a_run_withdraws_it_or_the_lecturer() -> None:
    admission = Admission()
    admission.plan(CONFIGS[:3], GUEST)
    ids = [config.run_id for config in CONFIGS]
    admission.withdraw(ids, OTHER)
    assert len(admission.planned()) == 3
    admission.withdraw(ids[:1], GUEST)
    assert set(admission.planned()) == set(ids[1:3])
    admission.withdraw(ids, LECTURER)
    assert admission.planned() == {}


def test_the_queue_is_limited_for_each_guest_and_for_all(public: None) -> None:
    admission = Admission(slots=1)
    _start(admission, CONFIGS[: PUBLIC.waiting_per_owner], GUEST)
    _start(admission, CONFIGS[PUBLIC.waiting_per_owner : PUBLIC.waiting_per_owner + 1], GUEST)
    with pytest.raises(EngineError, match=f"at most {PUBLIC.waiting_per_owner} may wait"):
        _start(admission, CONFIGS[5:6], GUEST)
    assert not admission.has(CONFIGS[5].run_id)
    for number in range(PUBLIC.waiting_per_owner + 1, PUBLIC.waiting + 1, 2):
        _start(admission, CONFIGS[number : number + 2], f"guest {number}")
    with pytest.raises(EngineError, match=f"{PUBLIC.waiting} runs are waiting for a worker"):
        _start(admission, CONFIGS[PUBLIC.waiting + 1 : PUBLIC.waiting + 3], "one more guest")
    _start(admission, CONFIGS[PUBLIC.waiting + 1 : PUBLIC.waiting + 3], None)
    assert _places(admission, CONFIGS[PUBLIC.waiting + 1 : PUBLIC.waiting + 3]) == [1, 2], "the operator's wait longer"


def test_runs_that_arrive_count_as_waiting(public: None) -> None:
    admission = Admission(slots=1)
    admission.request(CONFIGS[: PUBLIC.waiting_per_owner + 1], GUEST)
    with pytest.raises(EngineError, match="may wait at a time"):
        admission.request(CONFIGS[10:11], GUEST)


def test_plans_are_limited_for_each_guest_and_for_all(public: None) -> None:
    admission = Admission()
    with pytest.raises(EngineError, match=f"at most {PUBLIC.planned_per_owner} may be at a time"):
        admission.plan(CONFIGS[: PUBLIC.planned_per_owner + 1], GUEST)
    assert admission.planned() == {}
    admission.plan(CONFIGS[: PUBLIC.planned_per_owner + 1], LECTURER)
    for number in range((PUBLIC.planned - len(admission.planned())) // PUBLIC.planned_per_owner):
        admission.plan(
            [RunConfig(seed=1_000 * (number + 1) + seed) for seed in range(PUBLIC.planned_per_owner)],
            f"{number}",
            f"the address of {number}",
        )
    with pytest.raises(EngineError, match="planned here, and at most"):
        admission.plan([RunConfig(seed=90_000 + seed) for seed in range(PUBLIC.planned_per_owner)], GUEST)


def test_a_visitor_with_invented_cookies_has_the_limits_of_one_address(public: None) -> None:
    admission = Admission(slots=1)
    runs = [RunConfig(seed=seed) for seed in range(2 * PUBLIC.planned_per_address)]
    for number, config in enumerate(runs[: PUBLIC.waiting_per_address]):
        admission.request([config], f"invented {number}", "hall")
    with pytest.raises(EngineError, match=f"your network have {PUBLIC.waiting_per_address} runs waiting"):
        admission.request(runs[90:91], "one more", "hall")
    assert admission.request(runs[90:92], "somebody else", "home")
    assert admission.request(runs[92:94], LECTURER, "hall"), "the limit applies to the lecturer in the same hall"
    assert admission.request(runs[94:96], None)
    share = PUBLIC.planned_per_owner
    for number in range(PUBLIC.planned_per_address // share):
        admission.plan(runs[100 + number * share :][:share], f"invented {number}", "hall")
    with pytest.raises(EngineError, match=f"your network have {PUBLIC.planned_per_address} runs planned"):
        admission.plan([RunConfig(seed=9_000)], "one more", "hall")
    admission.plan([RunConfig(seed=9_000)], "somebody else", "home")
    admission.plan([RunConfig(seed=9_001 + seed) for seed in range(100)], LECTURER, "hall")


def test_on_ones_own_machine_the_limits_are_wide() -> None:
    admission = Admission(slots=2)
    _start(admission, CONFIGS[: 2 + OWN.waiting_per_owner], GUEST)
    with pytest.raises(EngineError, match=f"at most {OWN.waiting_per_owner} may wait"):
        _start(admission, CONFIGS[20:21], GUEST)


def test_a_held_run_cannot_be_requested(public: None) -> None:
    admission = Admission(slots=1)
    _start(admission, CONFIGS[:1])
    admission.hold(CONFIGS[0].run_id)
    assert admission.request(CONFIGS[:2], GUEST) == [Request(CONFIGS[1], GUEST)]
    admission.release(CONFIGS[0].run_id)
    assert admission.request(CONFIGS[:2], GUEST) == [Request(CONFIGS[0], GUEST)]


def test_after_the_close_no_run_gets_a_slot() -> None:
    admission = Admission(slots=1)
    _start(admission, CONFIGS[:2])
    admission.plan(CONFIGS[2:3], GUEST)
    admission.close()
    admission.slots = 3
    assert admission.take_waiting() == []
    assert admission.take_planned() is None
    assert admission.planned() == {}
    for ask in (admission.request, admission.plan, admission.begin_steps):
        with pytest.raises(EngineError, match="shutting down"):
            ask(CONFIGS[2:3], GUEST)


def test_a_guest_joins_a_large_run_but_does_not_start_one(public: None) -> None:
    with pytest.raises(EngineError, match="larger than this server allows: 31 epochs"):
        check_sizes([LONG], {}, GUEST)
    check_sizes([LONG], {LONG.run_id: Status.RUNNING}, GUEST)
    check_sizes([LONG], {LONG.run_id: Status.WAITING}, GUEST)
    for status in (Status.PAUSED, Status.STOPPED, Status.FAILED):
        with pytest.raises(EngineError, match="31 epochs"):
            check_sizes([replace(LONG)], {LONG.run_id: status}, GUEST)
    check_sizes([LONG], {}, LECTURER)
    check_sizes([LONG], {}, None)
