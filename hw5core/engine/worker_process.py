"""The preload module of the embedded workers: Dask imports it in each worker process and calls `dask_setup`."""

import logging
import os
import signal

from distributed import Worker

NICENESS = 5
"""How much a worker steps back for other programs. 5 leaves it a quarter of a core for which both compete."""


def dask_setup(worker: Worker) -> None:
    """Prepare the worker process.

    Close its web server, which asks for no certificate. Ignore Ctrl-C, which a terminal sends to all processes: the
    server ends the workers after a last checkpoint. Let the server and the browser go first when they need a core.
    """
    if hasattr(os, "nice"):  # Windows has none
        os.nice(NICENESS)
    worker.http_server.stop()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # When the server ends, a heartbeat fails with a traceback. The worker notices the end of the server in another way.
    logging.getLogger("distributed.worker").addFilter(lambda record: "during heartbeat" not in record.getMessage())
