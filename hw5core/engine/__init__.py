"""Who trains: limits, queue, Dask cluster and worker tasks."""
