"""Imported by the process whose copies are the embedded workers: what every worker needs, loaded once."""

import gc

import distributed  # noqa: F401

import hw5core.engine.tasks
import hw5core.training.loop  # noqa: F401

# The garbage collector writes into each object that it visits, and a page that is written to is no longer shared.
gc.collect()
gc.freeze()
