"""What the server does with each request before Streamlit sees it: headers that protect the address and the cookie."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.parts.shared.streamlit_internals import COOKIE, handle_requests
from pages.parts.shared.widget_guard import guard_widgets


def guard_server() -> None:
    """Check what browsers send to this server from now on. Calling it again changes nothing."""
    guard_widgets()
    handle_requests(_handle)


async def _handle(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            _protect(MutableHeaders(scope=message), scope["scheme"] == "https")
        await send(message)

    await app(scope, receive, send_with_headers)


def _protect(headers: MutableHeaders, encrypted: bool) -> None:
    """Keep addresses out of the Referer, and the cookie off unencrypted connections if this one is encrypted.

    The cookie already has SameSite. It cannot have HttpOnly, because Streamlit's own script reads it.
    """
    headers["Referrer-Policy"] = "no-referrer"
    cookies = headers.getlist("Set-Cookie")
    if encrypted and cookies:
        del headers["Set-Cookie"]
        for cookie in cookies:
            is_open = cookie.startswith(f"{COOKIE}=") and "; secure" not in cookie.lower()
            headers.append("Set-Cookie", f"{cookie}; Secure" if is_open else cookie)
