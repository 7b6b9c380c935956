"""Results that take a worker longer than a page can wait. They are computed one after another, once for all visitors.

One at a time leaves the workers free for drawings, which have to be quick. The newest request comes first: who drags a
slider waits for the place where it is now, and not for those on the way.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from hw5core.errors import EngineError, LabError
from pages.parts.shared.server import engine

MAX_RESULTS = 300
"""How many results are kept. The predictions for MNIST's test images take 84 KB."""

MAX_WAITING = 300
"""How many jobs may wait. One more displaces the one whose last request is the oldest."""

RETRY_SECONDS = 10
"""How long an error is shown before the next visitor causes another try."""

Job = tuple[Any, ...]
"""A function of a module and its arguments, all hashable. The function runs on a thread without a session."""

_log = logging.getLogger(__name__)


def ask_in_background(*job: Any) -> Any:
    """Return the result of the job, or None while it is being computed. Raises its LabError."""
    engine()  # starting the workers shows a message, which needs a session
    return _background().ask(job)


def ended(jobs: tuple[Job, ...]) -> tuple[bool, ...]:
    """Return which of these jobs have a result or an error. Subscribe to this to redraw when it changes."""
    return _background().ended(jobs)


@st.cache_resource(show_spinner=False)
def _background() -> "_Background":
    return _Background()


@dataclass
class _Outcome:
    value: Any = None
    error: LabError | None = None
    ended: float | None = None

    @property
    def is_old_error(self) -> bool:
        return self.error is not None and self.ended is not None and time.monotonic() - self.ended > RETRY_SECONDS


@dataclass
class _Background:
    """The outcomes by job, the least recently used first, and the jobs that wait for the thread."""

    outcomes: OrderedDict[Job, _Outcome] = field(default_factory=OrderedDict)
    waiting: list[Job] = field(default_factory=list)
    is_working: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, job: Job) -> Any:
        with self.lock:
            outcome = self.outcomes.get(job)
            if outcome is None or outcome.is_old_error:
                outcome = self.outcomes[job] = _Outcome()
                self.waiting.append(job)
                self._displace()
            elif outcome.ended is None and job in self.waiting:
                self.waiting.remove(job)
                self.waiting.append(job)  # somebody wants it now
            self.outcomes.move_to_end(job)
            self._forget()
            if self.waiting and not self.is_working:
                self.is_working = True
                threading.Thread(target=self._work, name="background", daemon=True).start()
        if outcome.error:
            raise outcome.error
        return outcome.value

    def ended(self, jobs: tuple[Job, ...]) -> tuple[bool, ...]:
        with self.lock:
            return tuple(job in self.outcomes and self.outcomes[job].ended is not None for job in jobs)

    def _displace(self) -> None:
        """Drop the job whose last request is the oldest, if too many wait. Its visitors see why."""
        if len(self.waiting) > MAX_WAITING:
            outcome = self.outcomes[self.waiting.pop(0)]
            outcome.error = EngineError("Too many computations are waiting on this server. Try again in a moment.")
            outcome.ended = time.monotonic()

    def _forget(self) -> None:
        """Forget the outcomes whose last request is the oldest, if there are too many. An awaited one stays."""
        old = [job for job, outcome in self.outcomes.items() if outcome.ended is not None]
        for job in old[: max(0, len(self.outcomes) - MAX_RESULTS)]:
            del self.outcomes[job]

    def _work(self) -> None:
        while True:
            with self.lock:
                if not self.waiting:
                    self.is_working = False
                    return
                job = self.waiting.pop()
            value, error = _computed(job)
            with self.lock:
                outcome = self.outcomes[job]
                outcome.value, outcome.error, outcome.ended = value, error, time.monotonic()


def _computed(job: Job) -> tuple[Any, LabError | None]:
    """Return the job's result and its error. One of them is None."""
    function: Callable[..., Any] = job[0]
    try:
        return function(*job[1:]), None
    except LabError as error:
        return None, error
    except Exception as error:
        # The thread has to go on, and the page shows no traceback. The log has it.
        _log.exception("a background job has failed")
        return None, EngineError(f"The computation has failed ({type(error).__name__}). Try again.")
