"""One measured figure, with what was promised of it."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Measurement:
    """`value` and `promised` as they are to be read, units included."""

    what: str
    value: str
    promised: str = ""


def milliseconds(what: str, seconds: list[float], promised: str = "") -> Measurement:
    """Median, 90th percentile and largest of some durations."""
    ordered = sorted(1000 * value for value in seconds)
    tenth = ordered[int(0.9 * (len(ordered) - 1))]
    value = f"median {median(ordered):.1f} ms, 90 % under {tenth:.1f}, largest {ordered[-1]:.1f} ({len(ordered)} times)"
    return Measurement(what, value, promised)
