"""Imported last by the process whose copies are the embedded workers: keeps what is loaded in shared memory."""

import gc

# The garbage collector writes into each object that it visits, and a page that is written to is no longer shared.
gc.collect()
gc.freeze()
