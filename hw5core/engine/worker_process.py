"""What each embedded worker process begins with: Dask imports this there and calls `dask_setup`."""

import logging
import signal


def dask_setup(_worker: object) -> None:
    """Leave Ctrl-C to the server: a terminal sends it to all of its processes, and the server ends the workers, once
    they have told where they stand."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A heartbeat that meets the server's end would print a traceback; whether the server lives is seen elsewhere.
    logging.getLogger("distributed.worker").addFilter(lambda record: "during heartbeat" not in record.getMessage())
