"""Writes a report in one of its formats, in a separate process that ends afterwards.

The libraries that draw and typeset need 200 MB, and keep Python's lock while they work: they would stop all pages of a
server. One report is written at a time.
"""

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import hw5core
from hw5core.errors import ReportError
from hw5core.homework.report.document import Document


@dataclass(frozen=True)
class Format:
    """A format of reports: its name, its MIME type, and what it is good for."""

    title: str
    mime: str
    words: str


FORMATS = {
    "html": Format("HTML", "text/html", "One file for a browser. It works without a network, and its charts are live."),
    "pdf": Format("PDF", "application/pdf", "For print and for hand-ins. It works with screen readers."),
    "zip": Format("Markdown", "application/zip", "Markdown with pictures and the receipts, in a zip file."),
    "ipynb": Format("Notebook", "application/x-ipynb+json", "For Jupyter. It trains the race again in plain PyTorch."),
}
"""The formats by the ending of their files."""

SECONDS = 120
"""The longest time that a report may take."""

PATIENCE_SECONDS = 20
"""How long a report waits for the others before it."""

REFUSED = 3
"""The exit code of the process for a report that it cannot write. Its last line then is a sentence for the user."""

_one_at_a_time = Lock()


def write(document: Document, format: str) -> bytes:
    """Return the content of the report's file. Raises ReportError."""
    if not _one_at_a_time.acquire(timeout=PATIENCE_SECONDS):
        raise ReportError("Other reports are being written. Try again in a minute.")
    try:
        written = subprocess.run(
            [sys.executable, "-m", "hw5core.homework.report", format],
            input=pickle.dumps(document),
            capture_output=True,
            timeout=SECONDS,
            env=os.environ | {"PYTHONPATH": _path()},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ReportError(f"The report could not be written: {error}. Try again.") from error
    finally:
        _one_at_a_time.release()
    if written.returncode:
        reason = written.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["the process was killed"]
        if written.returncode == REFUSED:
            raise ReportError(reason[0])
        raise ReportError(f"The report could not be written: {reason[0][:300]}. Try again.")
    return written.stdout


def _path() -> str:
    """Return the folder of this package and those that are searched already, for the new process."""
    return os.pathsep.join([str(Path(hw5core.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
