"""The process that writes one report: it reads a pickled Document, and writes the file to standard output.

`writing.write` starts it, and nothing else should: reading a pickle can run code.
"""

import os
import pickle
import sys
from collections.abc import Callable

from hw5core.errors import ReportError
from hw5core.homework.report.archive import to_archive
from hw5core.homework.report.document import Document
from hw5core.homework.report.html import to_html
from hw5core.homework.report.notebook import to_notebook
from hw5core.homework.report.pdf import to_pdf
from hw5core.homework.report.writing import REFUSED

_WRITERS: dict[str, Callable[[Document], str | bytes]] = {
    "html": to_html,
    "pdf": to_pdf,
    "zip": to_archive,
    "ipynb": to_notebook,
}


def main() -> None:
    """Write the report in the format that the first argument names. End with REFUSED after a ReportError."""
    if hasattr(os, "nice"):
        os.nice(5)  # pages come first
    try:
        content = _WRITERS[sys.argv[1]](pickle.load(sys.stdin.buffer))
    except ReportError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        sys.exit(REFUSED)
    sys.stdout.buffer.write(content.encode() if isinstance(content, str) else content)


if __name__ == "__main__":
    main()
