"""Runs that are there before the app is: trained in this process, straight into a store."""

from hw5core.data import datasets
from hw5core.runs.config import RunConfig
from hw5core.store.store import RunStore
from hw5core.training.loop import train


def trained(store: RunStore, *configs: RunConfig, owner: str = "") -> None:
    """Train them to their ends, each run before its branches."""
    for config in configs:
        store.claim(config, owner=owner)
        for record in train(config, datasets.load(config.dataset), store.checkpoint(config.run_id)):
            store.add(config.run_id, record)
