"""How many visitors this server takes. Each open file of the process counts, and each session needs four."""

from dataclasses import dataclass

from pages.parts.shared.streamlit_internals import FILES_PER_KEPT_SESSION, FILES_PER_SESSION

try:
    import resource
except ImportError:  # on Windows, nothing limits the number of sockets
    resource = None  # type: ignore[assignment]

ENOUGH_FILES = 65_536
"""More open files than this are of no use, and some systems have no limit at all."""

MAX_SESSIONS = 4_000
"""The largest number of sessions. Each takes memory too."""

MAX_PER_ADDRESS = 1_500
"""The largest number of sessions of one address: a lecture hall of a thousand may share one, and some have two tabs."""

_OWN_FILES = 128
"""For everything but visitors: the store, the workers, a download, the libraries."""


@dataclass(frozen=True)
class Capacity:
    """Upper limits for this server.

    sessions: open tabs
    per_address: open tabs of one network address
    connections: connections of all kinds. A browser has further ones while it loads a page.
    kept: sessions that are kept for a while after their connection was lost, for a reconnection
    """

    sessions: int
    per_address: int
    connections: int
    kept: int


def capacity(files: int) -> Capacity:
    """Return the limits of a server whose process may open `files` files."""
    kept = max(1, min(128, files // 64))
    free = max(files - _OWN_FILES - FILES_PER_KEPT_SESSION * kept, 20)
    loading = free // 10
    sessions = min((free - loading) // FILES_PER_SESSION, MAX_SESSIONS)
    return Capacity(sessions, min(max(sessions * 4 // 5, 1), MAX_PER_ADDRESS), sessions + loading, kept)


def raise_file_limit() -> int:
    """Let this process open as many files as the system allows it, and return how many. Children inherit the limit."""
    if resource is None:
        return ENOUGH_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (ValueError, OSError):  # macOS allows fewer than its hard limit
            wanted = soft
    return wanted
