"""The preload module of the embedded workers: Dask imports it in each worker process and calls `dask_setup`."""

import logging
import signal


def dask_setup(_worker: object) -> None:
    """Ignore Ctrl-C, which a terminal sends to all processes: the server ends the workers after a last checkpoint."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # When the server ends, a heartbeat fails with a traceback. The worker notices the end of the server in another way.
    logging.getLogger("distributed.worker").addFilter(lambda record: "during heartbeat" not in record.getMessage())
