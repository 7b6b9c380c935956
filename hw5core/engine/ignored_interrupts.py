"""Imported first by the process whose copies are the embedded workers: it ignores Ctrl-C while it imports the rest.

A terminal sends Ctrl-C to all processes. The server ends, and this process after it.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
