"""Admission: which runs this server accepts, and in which order they get a worker.

Plain Python without Dask, SQLite or threads. A Roster guards it with a lock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from hw5core.engine.limits import limits_for, refusal
from hw5core.engine.turns import Turns
from hw5core.errors import EngineError
from hw5core.runs.config import RunConfig
from hw5core.runs.run import Status
from hw5core.store.owners import is_guest
from hw5core.store.permissions import may_withdraw

SHUTTING_DOWN = "This server is shutting down. Try again when it has started again."
"""The message for requests while the server ends."""


@dataclass(frozen=True)
class Request:
    """A run that somebody wants to be trained.

    `owner` is None for the operator at a terminal. `address` is the network address of a guest, or empty if it is not
    known. Runs with a low `turn` come first. `is_claimed` is True once the store has given the run to this server.
    """

    config: RunConfig
    owner: str | None
    address: str = field(default="", compare=False)
    turn: float = field(default=0.0, compare=False)
    is_claimed: bool = field(default=False, compare=False)

    @property
    def run_id(self) -> str:
        return self.config.run_id


class Admission:
    """The runs of one server on their way to a worker.

    A run is *arriving* while the store is asked for it, then *waiting*, then *training*; at most `slots` runs train at
    a time. A *planned* run arrives only when a slot is free and no other run waits. A run is *held* while it is
    paused, stopped or deleted in the store, and *interrupted* while the store cannot be written.
    """

    def __init__(self, slots: int = 0) -> None:
        self.slots = slots
        self._arriving: dict[str, Request] = {}
        self._waiting: dict[str, Request] = {}
        self._planned: dict[str, Request] = {}
        self._training: set[str] = set()
        self._held: set[str] = set()
        self._interrupted: dict[str, Request] = {}
        self._stepped: list[Request] = []
        self._turns = Turns()
        self._planned_turns = Turns()
        self._is_closed = False

    def has(self, run_id: str) -> bool:
        """Return True if the run arrives, waits, trains, or is held or interrupted here."""
        here = (self._arriving, self._waiting, self._training, self._held, self._interrupted)
        return any(run_id in runs for runs in here)

    def place(self, run_id: str) -> int | None:
        """Return the run's position among the waiting runs, from 1, or None if it does not wait."""
        waiting = [request.run_id for request in self._queue]
        return waiting.index(run_id) + 1 if run_id in waiting else None

    def ahead(self, run_id: str) -> tuple[list[str], list[str]]:
        """Return the ids of the runs that train, and of those that wait before this one, in the order of the queue."""
        waiting = [request.run_id for request in self._queue]
        return list(self._training), waiting[: waiting.index(run_id)] if run_id in waiting else []

    def planned(self) -> dict[str, str | None]:
        """Return the owners of the planned runs by run id."""
        return {run_id: request.owner for run_id, request in self._planned.items()}

    @property
    def has_requests(self) -> bool:
        """True if a run waits or is planned."""
        return bool(self._waiting or self._planned)

    def join(self, run_ids: Iterable[str], owner: str | None, address: str = "") -> None:
        """Let the runs among these that wait have this user's turn, if that comes first.

        So nobody can hold up a run that others want too.
        """
        turn = self._turns.of(owner, address)
        later = [request for request in map(self._waiting.get, run_ids) if request and request.turn > turn]
        if later:
            self._turns.take(owner, address, len(later))
            self._waiting |= {request.run_id: replace(request, turn=turn) for request in later}

    def request(self, configs: Iterable[RunConfig], owner: str | None, address: str = "") -> list[Request]:
        """Accept the runs that are not here yet, and return them as arriving. `admit` or `refuse` each of them next.

        They have one turn, so that the networks of a race train side by side. Raise EngineError, and accept none, if
        too many runs would wait.
        """
        self._check_open()
        new = [config for config in configs if not self.has(config.run_id)]
        if not new:
            return []
        self._check_waiting(len(new), owner, address)
        if not (self._arriving or self._waiting or self._training):
            self._turns = Turns()
        turn = self._turns.take(owner, address, len(new))
        requests = [Request(config, owner, address, turn) for config in new]
        for request in requests:
            self._planned.pop(request.run_id, None)
            self._arriving[request.run_id] = request
        return requests

    def plan(self, configs: Iterable[RunConfig], owner: str | None, address: str = "") -> None:
        """Plan the runs that are not here yet. Those that are planned get this user's turn if that comes first.

        Each run has its own turn, so that sweeps alternate. Raise EngineError, and plan none, if too many would be
        planned.
        """
        self._check_open()
        missing = [config for config in configs if not self.has(config.run_id)]
        self._check_planned(sum(config.run_id not in self._planned for config in missing), owner, address)
        if not self._planned:
            self._planned_turns = Turns()
        for config in missing:
            known = self._planned.get(config.run_id)
            if known is None or known.turn > self._planned_turns.of(owner, address):
                turn = self._planned_turns.take(owner, address, 1)
                request = replace(known, turn=turn) if known else Request(config, owner, address, turn)
                self._planned[config.run_id] = request

    def withdraw(self, run_ids: Iterable[str], owner: str | None) -> None:
        """Drop the planned runs among these that this owner may change."""
        for run_id in run_ids:
            request = self._planned.get(run_id)
            if request and may_withdraw(owner, request.owner):
                del self._planned[run_id]

    def take_planned(self) -> Request | None:
        """Return the planned run whose turn it is as arriving if a slot is free and no other run wants it, else None.

        It also counts as planned until it is admitted or refused, because the store does not know it before.
        """
        if not self._planned or self._arriving or self._waiting or not self._free_slots:
            return None
        request = min(self._planned.values(), key=_turn_of)
        self._planned_turns.begin(request.turn)
        # Planned runs take no turns from runs that somebody starts.
        request = replace(request, turn=self._turns.now)
        self._arriving[request.run_id] = request
        return request

    def begin_steps(self, configs: Iterable[RunConfig], owner: str | None, address: str = "") -> list[Request]:
        """Note that the runs are being stepped, and return them as requests. `end_steps` next.

        Raise EngineError, and note none, if one of them is here, or too many would be stepped at one time.
        """
        self._check_open()
        requests = [Request(config, owner, address) for config in configs]
        if any(self.has(request.run_id) for request in requests):
            raise EngineError("A run that is being trained cannot be stepped: pause it first.")
        self._check_steps(len(requests), owner, address)
        self._stepped += requests
        return requests

    def end_steps(self, requests: Iterable[Request]) -> None:
        """Note that the step of these requests has ended."""
        for request in requests:
            self._stepped.remove(request)

    def stepped(self) -> frozenset[str]:
        """Return the ids of the runs that are being stepped."""
        return frozenset(request.run_id for request in self._stepped)

    def interrupt(self, request: Request) -> None:
        """Drop the run of this request until `take_interrupted`, unless somebody pauses, stops or deletes it before."""
        self.remove(request.run_id)
        self._interrupted[request.run_id] = request

    def take_interrupted(self) -> Request | None:
        """Return the run that was interrupted first as arriving, or None. `admit`, `refuse` or `interrupt` it next."""
        for run_id, request in self._interrupted.items():
            del self._interrupted[run_id]
            self._arriving[run_id] = request
            return request
        return None

    @property
    def has_interrupted(self) -> bool:
        """True if a run is interrupted."""
        return bool(self._interrupted)

    def admit(self, request: Request) -> None:
        """Let an arriving run wait for a worker."""
        self.refuse(request)
        if request.run_id not in self._training:
            self._waiting.setdefault(request.run_id, replace(request, is_claimed=True))

    def refuse(self, request: Request) -> None:
        """Drop an arriving run."""
        self._arriving.pop(request.run_id, None)
        self._planned.pop(request.run_id, None)

    def take_waiting(self) -> list[Request]:
        """Move waiting runs to the free slots, those whose turn comes first, and return them."""
        taken = [] if self._is_closed else self._queue[: max(0, self.slots - len(self._training))]
        for request in taken:
            self._turns.begin(request.turn)
            del self._waiting[request.run_id]
            self._training.add(request.run_id)
        return taken

    def remove(self, run_id: str) -> None:
        """Drop a waiting, planned, training or interrupted run. An arriving run stays: it was requested later."""
        self._waiting.pop(run_id, None)
        self._interrupted.pop(run_id, None)
        self._planned.pop(run_id, None)
        self._training.discard(run_id)

    def hold(self, run_id: str) -> None:
        """Drop the run like `remove`, and let nobody request it until its `release`."""
        self.remove(run_id)
        self._held.add(run_id)

    def release(self, run_id: str) -> None:
        """Let the run be requested again."""
        self._held.discard(run_id)

    def close(self) -> None:
        """Drop all runs that do not train, and let no other run train."""
        self._is_closed = True
        self._waiting.clear()
        self._planned.clear()
        self._interrupted.clear()

    @property
    def _queue(self) -> list[Request]:
        """The waiting runs in the order in which they get a worker."""
        return sorted(self._waiting.values(), key=_turn_of)

    @property
    def _free_slots(self) -> int:
        return max(0, self.slots - len(self._training) - len(self._waiting) - len(self._arriving))

    def _check_open(self) -> None:
        if self._is_closed:
            raise EngineError(SHUTTING_DOWN)

    def _check_waiting(self, new: int, owner: str | None, address: str) -> None:
        if owner is None:
            return
        limits = limits_for(owner)
        more = new - self._free_slots
        queue = [*self._arriving.values(), *self._waiting.values()]
        own = sum(request.owner == owner for request in queue)
        if own + more > limits.waiting_per_owner:
            raise EngineError(
                f"You have {own} runs waiting, and at most {limits.waiting_per_owner} may wait at a time. Let some "
                "of them finish, or stop them."
            )
        near = _from(address, queue)
        if is_guest(owner) and near + more > limits.waiting_per_address:
            raise EngineError(
                f"Visitors from your network have {near} runs waiting, and at most {limits.waiting_per_address} may "
                "wait at a time. Watch a race that is running, and try again when some have ended."
            )
        if len(queue) + more > limits.waiting:
            raise EngineError(
                f"{len(queue)} runs are waiting for a worker, and at most {limits.waiting} may. Watch a race that is "
                "running, and try again when some have ended."
            )

    def _check_steps(self, new: int, owner: str | None, address: str) -> None:
        if not is_guest(owner):
            return
        limits = limits_for(owner)
        own = sum(request.owner == owner for request in self._stepped)
        if own + new > limits.paused_per_owner:
            raise EngineError(f"At most {limits.paused_per_owner} networks can be stepped at a time. Choose fewer.")
        near = _from(address, self._stepped)
        if near + new > limits.paused_per_address or len(self._stepped) + new > limits.paused:
            raise EngineError("Too many runs are being stepped at the moment. Try again in a few seconds.")

    def _check_planned(self, new: int, owner: str | None, address: str) -> None:
        if owner is None or not new:
            return
        limits = limits_for(owner)
        own = sum(request.owner == owner for request in self._planned.values())
        if own + new > limits.planned_per_owner:
            raise EngineError(
                f"You have {own} runs planned, and at most {limits.planned_per_owner} may be at a time. Let some "
                "of them finish, or stop their sweep."
            )
        near = _from(address, self._planned.values())
        if is_guest(owner) and near + new > limits.planned_per_address:
            raise EngineError(
                f"Visitors from your network have {near} runs planned, and at most {limits.planned_per_address} may be "
                "at a time. Try a smaller sweep, or try again when some have ended."
            )
        if len(self._planned) + new > limits.planned:
            raise EngineError(
                f"{len(self._planned)} runs are planned here, and at most {limits.planned} may be. Try a smaller "
                "sweep, or try again when some have ended."
            )


def _turn_of(request: Request) -> float:
    return request.turn


def _from(address: str, requests: Iterable[Request]) -> int:
    """Return how many of the requests are of guests at this address."""
    return sum(is_guest(request.owner) and request.address == address for request in requests)


def check_sizes(configs: Iterable[RunConfig], statuses: Mapping[str, Status], owner: str | None) -> None:
    """Raise EngineError if one of the runs is larger than this owner may train.

    Anybody may join a run that is waiting or running: the user who started it was allowed to. `statuses` has the status
    of each run that the store knows, by run id.
    """
    for config in configs:
        status = statuses.get(config.run_id)
        reason = refusal(config, owner) if status is None or status.over else ""
        if reason:
            raise EngineError(f"This race is larger than this server allows: {reason}.")
