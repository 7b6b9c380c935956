"""The process whose copies are the embedded workers on Linux. Importing this module loads neither Dask nor torch."""

import multiprocessing
import os
import sys

from hw5core.errors import EngineError
from hw5core.training.availability import check_installed

METHOD = "forkserver" if sys.platform == "linux" else "spawn"
"""How workers start. As copies of one process that has imported torch, they start at once and share its memory. On
macOS, libraries of the system do not survive the copy, and Windows has none."""

ENVIRONMENT = {
    # Dask's default threshold returns memory to the system so often that a small training step takes twice as long.
    # If only this variable is set, glibc fixes the other threshold at 128 KiB, with the same effect.
    "MALLOC_TRIM_THRESHOLD_": 128 * 1024**2,
    "MALLOC_MMAP_THRESHOLD_": 32 * 1024**2,
    # Each worker trains with one thread. Libraries read these variables only when they are loaded.
    "OMP_NUM_THREADS": 1,
    "MKL_NUM_THREADS": 1,
    "OPENBLAS_NUM_THREADS": 1,
}
"""Variables that a worker process needs when it starts."""

_IMPORTED = [
    "hw5core.engine.ignored_interrupts",
    "distributed",
    "hw5core.engine.tasks",
    "hw5core.training.loop",
    "hw5core.engine.frozen_objects",
]


def start_worker_maker() -> None:
    """Start the process unless it runs, so that it imports torch while this process imports Dask.

    Does nothing if this server has no embedded workers, or if they are no copies.
    """
    if METHOD != "forkserver" or os.environ.get("HW5_SCHEDULER"):
        return
    try:
        check_installed()
    except EngineError:  # without torch there are no workers, which the engine says when it starts
        return
    from multiprocessing import forkserver

    choose_imports()
    os.environ.update({name: str(value) for name, value in ENVIRONMENT.items()})
    forkserver.ensure_running()


def choose_imports() -> None:
    """Choose what the process imports when it starts."""
    if METHOD == "forkserver":
        multiprocessing.get_context(METHOD).set_forkserver_preload(_IMPORTED)
