"""Turns: the lecturer comes first, guests alternate, and a visitor who pretends to be many gains little."""

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from hw5core.engine.admission import Admission
from hw5core.engine.limits import PUBLIC
from hw5core.engine.turns import RUNS_PER_ADDRESS
from hw5core.runs.config import RunConfig
from hw5core.store.owners import LECTURER

_SEEDS = count()


class _Queue:
    """An admission with one slot, which a run has. Each run is named after who asks for it."""

    def __init__(self) -> None:
        self.admission = Admission(slots=1)
        self.names: dict[str, str] = {}
        self.ask("first", runs=1)
        (self.training,) = self.admission.take_waiting()

    def ask(self, owner: str | None, runs: int = 2, address: str = "hall") -> list[RunConfig]:
        configs = [RunConfig(seed=next(_SEEDS)) for _ in range(runs)]
        self.again(configs, owner, address)
        self.names |= {config.run_id: str(owner) for config in configs}
        return configs

    def again(self, configs: list[RunConfig], owner: str | None, address: str = "hall") -> None:
        self.admission.join([config.run_id for config in configs], owner, address)
        for request in self.admission.request(configs, owner, address):
            self.admission.admit(request)

    def order(self) -> str:
        """Let the waiting runs train one after the other. Return who asked for them."""
        order = []
        while self.admission.has_requests:
            self.admission.remove(self.training.run_id)
            (self.training,) = self.admission.take_waiting()
            order.append(self.names[self.training.run_id])
        return " ".join(order)

    def waiting(self, owner: str) -> int:
        return sum(name == owner and self.admission.place(run_id) is not None for run_id, name in self.names.items())

    def place(self, config: RunConfig) -> int | None:
        return self.admission.place(config.run_id)


def test_guests_take_turns_and_the_networks_of_a_race_stay_together() -> None:
    queue = _Queue()
    for owner in ("a", "a", "a", "b", "b", "c"):
        queue.ask(owner, address=owner)
    assert queue.order() == "a a b b c c a a b b a a"


def test_guests_at_one_address_take_turns_too() -> None:
    queue = _Queue()
    for owner in ("a", "a", "b", "c"):
        queue.ask(owner)
    assert queue.order() == "a a b b c c a a"


def test_the_lecturer_and_the_operator_come_first() -> None:
    queue = _Queue()
    queue.ask("a")
    queue.ask(LECTURER)
    queue.ask(None)
    queue.ask("b")
    assert queue.order() == "lecturer lecturer None None a a b b"


def test_a_guest_behind_a_visitor_with_invented_cookies_does_not_wait_for_all_of_them() -> None:
    queue = _Queue()
    for number in range(PUBLIC.waiting_per_address):
        queue.ask(f"invented {number}", runs=1, address="one")
    race = queue.ask("guest", address="another")
    places = [queue.place(config) for config in race]
    assert max(place or 0 for place in places) <= RUNS_PER_ADDRESS
    lecture = queue.ask(LECTURER, address="one")
    assert [queue.place(config) for config in lecture] == [1, 2]


def test_a_run_that_somebody_holds_up_comes_earlier_for_others_who_want_it() -> None:
    queue = _Queue()
    for number in range(30):
        queue.ask(f"invented {number}", runs=1, address="one")
    race = queue.ask("invented", address="one")
    assert queue.place(race[0]) == 31
    queue.again(race, "guest", "another")
    assert (queue.place(race[0]) or 99) <= RUNS_PER_ADDRESS
    places = [queue.place(config) for config in race]
    for _ in range(3):  # each drawing of a page joins again
        queue.again(race, "guest", "another")
        queue.again(race, "invented 99", "one")
    assert [queue.place(config) for config in race] == places
    queue.again(race, LECTURER)
    assert [queue.place(config) for config in race] == [1, 2]


def test_who_has_trained_nothing_for_long_has_no_advantage_and_no_debt() -> None:
    queue = _Queue()
    for _ in range(4):
        queue.ask("a", address="a")
    assert queue.order() == "a " * 7 + "a"
    queue.admission.remove(queue.training.run_id)
    queue.ask("first", runs=1)
    (queue.training,) = queue.admission.take_waiting()
    queue.ask("a", address="a")
    queue.ask("b", address="b")
    assert queue.order() == "a a b b"


def test_planned_runs_alternate_between_guests_and_the_lecturers_come_first() -> None:
    admission = Admission(slots=1)
    names = {}
    for owner, runs in (("a", 4), ("b", 3), (LECTURER, 2)):
        configs = [RunConfig(seed=next(_SEEDS)) for _ in range(runs)]
        admission.plan(configs, owner, "hall" if owner == LECTURER else owner)
        names |= {config.run_id: owner for config in configs}
    order = []
    while request := admission.take_planned():
        admission.admit(request)
        (training,) = admission.take_waiting()
        admission.remove(training.run_id)
        order.append(names[training.run_id])
    assert " ".join(order) == "lecturer lecturer a b a b a b a"


def test_a_planned_run_of_a_guest_that_the_lecturer_plans_too_comes_first() -> None:
    admission = Admission(slots=1)
    configs = [RunConfig(seed=next(_SEEDS)) for _ in range(5)]
    admission.plan(configs, "a")
    admission.plan(configs[3:4], LECTURER)
    assert admission.planned()[configs[3].run_id] == "a"
    taken = admission.take_planned()
    assert taken is not None
    assert taken.config == configs[3]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=5, max_size=20))
def test_guests_who_always_wait_get_equally_many_runs(clicks: list[tuple[int, int]]) -> None:
    queue = _Queue()
    served = {"a": 0, "b": 0}
    for sizes in clicks:
        for owner, runs in zip("ab", sizes, strict=True):
            while queue.waiting(owner) < 3:
                queue.ask(owner, runs, address=owner)
        queue.admission.remove(queue.training.run_id)
        (queue.training,) = queue.admission.take_waiting()
        served[queue.names[queue.training.run_id]] += 1
        # The networks of a click have one turn, and a click has at most three here.
        assert abs(served["a"] - served["b"]) <= 3
