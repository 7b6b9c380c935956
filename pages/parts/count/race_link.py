"""The link from the network to a race with it: the same layers on the images of a dataset."""

from dataclasses import dataclass
from functools import lru_cache

import streamlit as st

from hw5core.errors import LabError
from hw5core.network.architecture import Architecture
from hw5core.network.editing import fit_to


@dataclass(frozen=True)
class Race:
    """The query of the Train page, and what the race changes in the network, or why there is no race."""

    query: tuple[tuple[str, str], ...] = ()
    change: str = ""
    problem: str = ""


def race_link(network: Architecture) -> None:
    """Draw the link to the Train page. Without a race it is disabled, and its help says why."""
    race = race_with(network)
    st.page_link(
        "pages/train.py",
        label="Race this network",
        icon=":material/trending_up:",
        query_params=list(race.query),
        disabled=bool(race.problem),
        help=f"No race: {race.problem}." if race.problem else race.change or None,
    )


@lru_cache(maxsize=256)
def race_with(network: Architecture) -> Race:
    """Return the race with this network and otherwise the default settings."""
    # The datasets need numpy, which the rest of the page can be drawn without.
    from hw5core.data.datasets import DATASETS
    from hw5core.runs.config import RunConfig, race
    from pages.parts.shared.settings import RACERS, race_query

    dataset = DATASETS[RunConfig().dataset]
    try:
        fitted = fit_to(network, dataset.shape, dataset.classes)
        configs = race(RunConfig(network=str(fitted)), RACERS)
    except LabError as error:
        return Race(problem=str(error))
    shape = "x".join(map(str, dataset.shape))
    change = f"The images are {shape}, so the network starts with {shape} and ends with {fitted.layers[-1]}."
    return Race(tuple(race_query(configs)), change if fitted != network else "")
