"""One measured figure: its median and spread, what was promised of it, and how it compares with a peer's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Promise:
    """What a figure has to be: at most so much, or at least so much if `least`."""

    bound: float
    least: bool = False

    def kept_by(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound


@dataclass(frozen=True)
class Ratio:
    """How many times the peer's figure ours is: the median over the rounds in which both were measured, and between
    what a tenth and nine tenths of them lie."""

    peer: str
    value: float
    low: float
    high: float
    promise: Promise | None = None

    @property
    def kept(self) -> bool | None:
        return self.promise and self.promise.kept_by(self.value)


@dataclass(frozen=True)
class Measurement:
    """`value` is the median of so many `times`, in `unit`; a tenth of them lie under `low`, a tenth over `high`."""

    what: str
    value: float
    unit: str
    low: float
    high: float
    times: int = 1
    promise: Promise | None = None
    ratio: Ratio | None = None
    note: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the promise is kept; None where nothing was promised."""
        return self.promise and self.promise.kept_by(self.value)


def measured(
    what: str,
    values: Sequence[float],
    unit: str,
    promise: Promise | None = None,
    ratio: Ratio | None = None,
    note: str = "",
) -> Measurement:
    """The figure that these values, measured one after the other, come to."""
    return Measurement(what, median(values), unit, *_spread(values), len(values), promise, ratio, note)


def milliseconds(what: str, seconds: Sequence[float], promise: Promise | None = None) -> Measurement:
    """The figure of durations that are told in milliseconds; the promise is one too."""
    return measured(what, [1000 * value for value in seconds], "ms", promise)


def ratio_over(ours: Sequence[float], peer: str, theirs: Sequence[float], promise: Promise | None = None) -> Ratio:
    """Ours over theirs, round by round: what else the machine did in a round weighed on both."""
    rounds = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return Ratio(peer, median(rounds), *_spread(rounds), promise)


def in_turn(works: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each work gives in each round: ours, the peer's, ours, the peer's, so that neither has the quiet hour."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(work())
    return found


def _spread(values: Sequence[float]) -> tuple[float, float]:
    """The values that a tenth lie under and a tenth over."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return ordered[round(0.1 * last)], ordered[round(0.9 * last)]
