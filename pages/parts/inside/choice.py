"""The choice of the race whose networks the page shows."""

from hw5core.network.counting import count
from hw5core.runs.catalogue import Listed
from hw5core.runs.config import RunConfig
from pages.parts.shared.race_choice import chosen_race_of_server

_MAX_NETWORKS = 4

_MAX_PARAMETERS = 2_000_000
"""A worker gets the weights of both networks with every drawing, so larger networks would be slow."""


def chosen_networks() -> tuple[RunConfig, ...]:
    """Draw the choice, and return the runs of the race. Raises StoreError."""
    gone = "it was deleted, has not finished an epoch, or is too large"
    return chosen_race_of_server("race to look into", _has_weights, _MAX_NETWORKS, gone)


def _has_weights(one: Listed) -> bool:
    return one.result is not None and count(one.run.config.architecture).parameters <= _MAX_PARAMETERS
