"""Where runs are kept: one SQLite file."""
