"""What a run is, without SQLite: config, records, history."""
