"""The series of a chart: which lines it has, and how they look."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle

from hw5core.data.datasets import DATASETS
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import RunConfig

_FORK_DASHES = ((10, 3, 2, 3), (2, 4), (12, 5), (8, 3, 2, 3, 2, 3), (5, 5))
"""The dashes of the first fork in a chart, of the second, and so on. No activation has one of these."""


@dataclass(frozen=True)
class Series:
    """One line of a chart. The chart's table names it by its label, in the column `series`.

    `short_label` is the label without the details of a fork, for places with little space. `dash` holds the lengths of
    lines and gaps in pixels. `classes` is the number of classes of the run's dataset.
    """

    label: str
    short_label: str
    colour: str
    dash: tuple[int, ...]
    classes: int


def series_of(configs: Iterable[RunConfig]) -> tuple[Series, ...]:
    """Return the series of these runs, one per label: ordinary runs in the order of ACTIVATIONS, then the forks.

    A series has the colour of its activation. Each fork has a dash that differs from those of the other series.
    """
    activations, fork_dashes = list(ACTIVATIONS), cycle(_FORK_DASHES)
    by_label = {config.label: config for config in configs}
    runs = [config for config in by_label.values() if not config.fork]
    forks = [config for config in by_label.values() if config.fork]
    return tuple(
        Series(
            config.label,
            config.short_label,
            config.spec.colour,
            next(fork_dashes) if config.fork else config.spec.dash,
            DATASETS[config.dataset].classes,
        )
        for config in (*sorted(runs, key=lambda run: activations.index(run.activation)), *forks)
    )
