"""Where the files of datasets can be on this machine: in the folder that HW5_DATA names, and in the cache."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from hw5core import home
from hw5core.data.content import in_words, looks_usable
from hw5core.data.sources import File, Files

_SIMILAR = re.compile(r"mnist|ubyte|idx|t10k|train|test|image|label|digit|\.npz$|\.zip$|\.parquet$", re.IGNORECASE)
"""Names that help to see what is wrong. A visitor must not see the names of other files in the folder."""

_OWN = (".lock", ".failure")
"""The ends of the names of files that downloads write into the cache."""

_MAX_NAMES = 6


def roots() -> list[Path]:
    """Return the folders that may hold files: HW5_DATA first, then the cache."""
    given = os.environ.get("HW5_DATA")
    return [*([Path(os.path.expanduser(given))] if given else []), home.cache_folder()]


def paths(files: Files, file: File) -> Iterator[Path]:
    """Yield every path at which the file may be."""
    return (folder / name for root in roots() for folder in files.folders(root) for name in file.names)


def is_here(files: Files, file: File) -> bool:
    """Return True if the file is on this machine. Its size is checked, and of its content only that of labels."""
    return any(looks_usable(path, file) for path in paths(files, file))


def what_is_in(root: Path, files: Files) -> str:
    """Return a few words on what a root folder has instead of the files, for a person who has put them there."""
    try:
        if not root.is_dir():
            return "is a file, not a folder" if root.exists() else "does not exist"
        folders = [folder for folder in files.folders(root) if folder.is_dir()]
        closed = [folder for folder in folders if not os.access(folder, os.R_OK | os.X_OK)]
        inside = [path for folder in folders if folder not in closed for path in sorted(folder.iterdir())]
    except OSError as error:
        return f"cannot be read: {in_words(error)}"
    if closed:
        return f"cannot be read: permission denied for {closed[0]}"
    similar = [
        str(path.relative_to(root))
        for path in inside
        if _SIMILAR.search(path.name) and path not in folders and path.suffix not in _OWN
    ]
    if not similar:
        return "has no such file"
    more = ", …" if len(similar) > _MAX_NAMES else ""
    return f"has only {', '.join(similar[:_MAX_NAMES])}{more}"
