"""The folders in which the lab keeps its files: the store of runs and the cache of downloads."""

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

_APP = "hw5lab"


def store_folder() -> Path:
    """Return the folder of the run store: HW5_HOME, or the user's folder for data."""
    given = _given()
    return given if given else user_data_path(_APP)


def cache_folder() -> Path:
    """Return the folder of files that can be downloaded again: HW5_HOME/cache, or the user's folder for caches."""
    given = _given()
    return given / "cache" if given else user_cache_path(_APP)


def _given() -> Path | None:
    """Return the folder in HW5_HOME, with "~" replaced, or None."""
    given = os.environ.get("HW5_HOME")
    return Path(os.path.expanduser(given)) if given else None
