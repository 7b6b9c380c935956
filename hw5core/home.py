"""Where the lab keeps its files: the store of runs and the cache of downloads."""

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

_APP = "hw5lab"


def store_folder() -> Path:
    """The folder of the run store: HW5_HOME, or the per-user place for data."""
    given = os.environ.get("HW5_HOME")
    return Path(given) if given else user_data_path(_APP)


def cache_folder() -> Path:
    """The folder of what can be fetched again: HW5_HOME/cache, or the per-user place for caches."""
    given = os.environ.get("HW5_HOME")
    return Path(given) / "cache" if given else user_cache_path(_APP)
