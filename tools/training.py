"""Runs that exist before the app starts: trained in this process, and written straight into a store."""

from hw5core.data import datasets
from hw5core.runs.config import RunConfig
from hw5core.store.store import RunStore
from hw5core.training.loop import train


def train_into(store: RunStore, *configs: RunConfig, owner: str = "") -> None:
    """Train these runs to their end. A run comes before its forks."""
    for config in configs:
        store.claim(config, owner=owner)
        for record in train(config, datasets.load(config.dataset), store.checkpoint(config.run_id)):
            store.add(config.run_id, record)
