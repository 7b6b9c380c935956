"""The store of runs: one SQLite file, its readers and its writers."""
