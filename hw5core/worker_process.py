"""What each embedded worker process begins with: Dask imports this there and calls `dask_setup`."""

import signal


def dask_setup(_worker: object) -> None:
    """Leave Ctrl-C to the server: a terminal sends it to all of its processes, and the server ends the workers, once
    they have told where they stand."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
