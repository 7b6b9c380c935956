"""One measured figure: its median and spread, its target, and its ratio to another implementation's figure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Target:
    """The value that a figure must reach: at most `bound`, or at least `bound` if `least`."""

    bound: float
    least: bool = False

    def met_by(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound


@dataclass(frozen=True)
class Ratio:
    """Our figure divided by a peer's: the median over the rounds, and the 10th and 90th percentile."""

    peer: str
    value: float
    low: float
    high: float
    target: Target | None = None

    @property
    def met(self) -> bool | None:
        """True if the target is met, None if there is no target."""
        return self.target and self.target.met_by(self.value)


@dataclass(frozen=True)
class Measurement:
    """A figure in `unit`: the median, the 10th percentile (`low`) and the 90th percentile (`high`) of `samples`."""

    what: str
    value: float
    unit: str
    low: float
    high: float
    samples: int = 1
    target: Target | None = None
    ratio: Ratio | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """True if the target is met, None if there is no target."""
        return self.target and self.target.met_by(self.value)


def measured(
    what: str,
    values: Sequence[float],
    unit: str,
    target: Target | None = None,
    ratio: Ratio | None = None,
    note: str = "",
) -> Measurement:
    """Return the figure for these samples."""
    return Measurement(what, median(values), unit, *_spread(values), len(values), target, ratio, note)


def milliseconds(what: str, seconds: Sequence[float], target: Target | None = None) -> Measurement:
    """Return the figure for these durations, in milliseconds. The target is in milliseconds too."""
    return measured(what, [1000 * value for value in seconds], "ms", target)


def ratio_over(ours: Sequence[float], peer: str, theirs: Sequence[float], target: Target | None = None) -> Ratio:
    """Return our figures divided by the peer's, round by round, so that other load in a round affects both."""
    rounds = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return Ratio(peer, median(rounds), *_spread(rounds), target)


def alternate(tasks: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run the tasks in turn, round after round, so that other load affects all of them. Return each one's results."""
    results: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            results[name].append(task())
    return results


def _spread(values: Sequence[float]) -> tuple[float, float]:
    """Return the 10th and the 90th percentile."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return ordered[round(0.1 * last)], ordered[round(0.9 * last)]
