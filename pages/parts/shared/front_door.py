"""What the server does with each connection and each request before Streamlit sees it.

It refuses visitors when the server is full, ignores those who have left already, and adds headers that protect the
URL and the cookie.
"""

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from html import escape

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.parts.shared.address import counted_address
from pages.parts.shared.capacity import Capacity, capacity, raise_file_limit
from pages.parts.shared.streamlit_internals import (
    COOKIE,
    SESSION_PATH,
    handle_requests,
    keep_download_ids,
    keep_lost_sessions,
    keep_unsent_drawings,
    limit_connections,
    read_single_values,
    read_theme_once,
    send_together,
)
from pages.parts.shared.widget_guard import guard_widgets

RETRY_SECONDS = 30
"""A refused browser asks again after this time."""

_FULL = "This server is full"
_ADVICE = f"All its places are taken now. Your browser tries again every {RETRY_SECONDS} seconds."

_log = logging.getLogger(__name__)
_guarding = threading.Lock()


def guard_server() -> None:
    """Check what browsers send to this server from now on, limit how many there are, and change how Streamlit keeps and
    sends drawings. Further calls do nothing."""
    with _guarding:
        _guard_server()


@cache
def _guard_server() -> None:
    most = capacity(raise_file_limit())
    door = FrontDoor(most)
    guard_widgets()
    handle_requests(door.handle)
    keep_lost_sessions(most.kept)
    keep_unsent_drawings()
    keep_download_ids()
    send_together()
    read_theme_once()
    read_single_values()
    limit_connections(most.connections, _refusal())
    logging.getLogger("asyncio").addFilter(RareWarning("out of system resource"))


class FrontDoor:
    """The handler of all requests, and the number of sessions that it has let in."""

    def __init__(self, most: Capacity) -> None:
        self._most = most
        self._sessions: Counter[str] = Counter()
        self._rarely = RareWarning(_FULL)

    async def handle(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or serve one connection until it ends."""
        if scope["type"] == "websocket" and scope["path"].endswith(SESSION_PATH):
            await self._serve_session(app, scope, receive, send)
        elif self._is_full(scope) and _asks_for_a_page(scope):
            await _full_page()(scope, receive, send)
        else:
            await app(scope, receive, _with_headers(send, scope))

    async def _serve_session(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        address = _address_of(scope)
        if self._is_full(scope):
            if self._rarely.allows():
                _log.warning("%s: it has %d sessions, and refuses visitors", _FULL, self._sessions.total())
            await send({"type": "websocket.close", "code": 1013, "reason": _FULL})
            return
        self._sessions[address] += 1
        try:
            await app(scope, _skip_closed_connections(receive), send)
        finally:
            self._sessions[address] -= 1
            self._sessions += Counter()  # drops the addresses without sessions

    def _is_full(self, scope: Scope) -> bool:
        """Return True if no further session of this visitor fits. Unknown addresses may belong to different people."""
        address = _address_of(scope)
        is_full_of_them = bool(address) and self._sessions[address] >= self._most.per_address
        return is_full_of_them or self._sessions.total() >= self._most.sessions


def _address_of(scope: Scope) -> str:
    client = scope.get("client")
    return counted_address(client[0] if client else None, "X-Forwarded-For" in Headers(scope=scope))


def _asks_for_a_page(scope: Scope) -> bool:
    """Return True for the request with which a browser opens a page. Its scripts and styles follow."""
    return scope["type"] == "http" and "text/html" in Headers(scope=scope).get("Accept", "")


def _skip_closed_connections(receive: Receive) -> Receive:
    """Return a `receive` that leaves out the first message of a browser which has closed its connection since.

    The first message asks for the page. Drawing it takes much longer than noticing that nobody waits for it.
    """
    ahead: list[asyncio.Future[Message]] = []
    first = True

    async def receive_ahead() -> Message:
        nonlocal first
        message = await (ahead.pop() if ahead else receive())
        if first and message["type"] == "websocket.receive":
            first = False
            following = asyncio.ensure_future(receive())
            # The event loop reads what has arrived, finds the end of the connection, and reports it.
            for _ in range(4):
                await asyncio.sleep(0)
            if following.done() and following.result()["type"] == "websocket.disconnect":
                return following.result()
            ahead.append(following)
        return message

    return receive_ahead


def _with_headers(send: Send, scope: Scope) -> Send:
    """Return a `send` that keeps URLs out of the Referer, and the cookie off unencrypted connections.

    The cookie already has SameSite. It cannot have HttpOnly, because Streamlit's own script reads it.
    """

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Referrer-Policy"] = "no-referrer"
            if scope["scheme"] == "https":
                _encrypt_cookie(headers)
        await send(message)

    return send_with_headers


def _encrypt_cookie(headers: MutableHeaders) -> None:
    cookies = headers.getlist("Set-Cookie")
    if cookies:
        del headers["Set-Cookie"]
    for cookie in cookies:
        is_open = cookie.startswith(f"{COOKIE}=") and "; secure" not in cookie.lower()
        headers.append("Set-Cookie", f"{cookie}; Secure" if is_open else cookie)


def _full_page() -> HTMLResponse:
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="{RETRY_SECONDS}">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(_FULL)}</title>"
        '<body style="font: 1.3rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto; padding: 0 1rem">'
        f"<h1>{escape(_FULL)}</h1><p>{escape(_ADVICE)}</p></body></html>"
    )
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(page, status_code=503, headers=headers)


def _refusal() -> bytes:
    """Return the answer, as bytes, to a connection for which there is no room: the same page."""
    page = _full_page()
    headers = b"".join(name + b": " + value + b"\r\n" for name, value in page.raw_headers)
    return b"HTTP/1.1 503 Service Unavailable\r\n" + headers + b"Connection: close\r\n\r\n" + bytes(page.body)


class RareWarning(logging.Filter):
    """Allows a warning with these words once a minute. As a filter of a logger, it drops the others."""

    SECONDS = 60.0

    def __init__(self, words: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._words = words
        self._clock = clock
        self._next = 0.0

    def allows(self) -> bool:
        """Return True at most once a minute."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self.SECONDS
        return True

    def filter(self, record: logging.LogRecord) -> bool:
        return self._words not in record.getMessage() or self.allows()
