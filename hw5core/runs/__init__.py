"""Runs, without SQLite and without torch: configs, records, histories, forks, sweeps, lists and receipts."""
