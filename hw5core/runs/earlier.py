"""Earlier versions of this app had another network for question 2. This module knows their settings.

A link that does not name its network, learning rate or epochs meant these settings then.
"""

from dataclasses import replace

from hw5core.data.datasets import DATASETS
from hw5core.network.presets import PRESETS
from hw5core.runs.config import RunConfig

_NETWORK = PRESETS["digit-cnn-earlier"].text
_LEARNING_RATE = 0.008
_EPOCHS = {"digits": 20}


def earlier_race(configs: tuple[RunConfig, ...]) -> tuple[RunConfig, ...]:
    """Return the race that the link to these runs opened in earlier versions.

    Return no runs if a network is not the default, because the link then names it.
    """
    return tuple(map(_earlier, configs)) if all(map(_has_default_network, configs)) else ()


def _has_default_network(config: RunConfig) -> bool:
    return config.network == RunConfig(activation=config.activation).network


def _earlier(config: RunConfig) -> RunConfig:
    chosen = DATASETS[config.dataset]
    rate = _LEARNING_RATE if config.learning_rate == chosen.learning_rate else config.learning_rate
    epochs = _EPOCHS.get(config.dataset, config.epochs) if config.epochs == chosen.epochs else config.epochs
    return replace(config, network=_NETWORK, learning_rate=rate, epochs=epochs)
