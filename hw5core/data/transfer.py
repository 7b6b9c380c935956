"""One request to one server: its answer in a file, or the true cause of its failure in a few words."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import requests
from requests import exceptions
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.exceptions import TimeoutError as SilenceError

from hw5core.errors import LabError

SILENCE_SECONDS = 20
"""How long a server may send nothing before the request is given up."""

_BLOCK = 8 * 1024
"""Bytes that arrive together in the file. The last part of a block is lost if the connection breaks off."""


class TransferError(LabError):
    """Report a request that failed for a reason of the server or the network. The text continues "HOST: "."""


def transfer(url: str, target: Path) -> None:
    """Write the file at this address to `target`. Raise TransferError, or OSError if `target` cannot be written."""
    with target.open("wb") as file:
        for block in _blocks(url):
            file.write(block)


def _blocks(url: str) -> Iterator[bytes]:
    try:
        with requests.get(url, stream=True, timeout=SILENCE_SECONDS) as response:
            if not response.ok:
                raise TransferError(_status_in_words(response.status_code))
            if "html" in response.headers.get("Content-Type", ""):
                raise TransferError("a web page instead of the file")
            yield from response.iter_content(_BLOCK)
    except exceptions.RequestException as error:
        raise TransferError(cause_in_words(error)) from error


def _status_in_words(status: int) -> str:
    known = {403: "access refused", 404: "not found", 429: "too many requests"}
    return f"{known.get(status, 'error of the server' if status >= 500 else 'request refused')} (HTTP {status})"


def cause_in_words(error: Exception) -> str:
    """Return the cause of a failed request. requests wraps it in several exceptions."""
    causes = list(_causes(error))

    def any_is(*kinds: type[BaseException]) -> BaseException | None:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    if any_is(exceptions.ProxyError):
        return "the proxy of this machine does not connect"
    if certificate := any_is(ssl.SSLCertVerificationError):
        return f"certificate not valid ({getattr(certificate, 'verify_message', '')})"
    if any_is(ssl.SSLError, exceptions.SSLError):
        return "no secure connection"
    if any_is(socket.gaierror, NameResolutionError):
        return "unknown name, so this machine may be offline"
    if any_is(ConnectionRefusedError):
        return "connection refused"
    if any_is(TimeoutError, SilenceError, exceptions.Timeout) and not any_is(NewConnectionError):
        return f"no data for {SILENCE_SECONDS} seconds"
    if any_is(NewConnectionError):
        return "not reachable"
    return "the connection broke off"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the exception and every one that it wraps."""
    pending, seen = [error], list[BaseException]()
    while pending:
        cause = pending.pop()
        if not isinstance(cause, BaseException) or any(cause is one for one in seen):
            continue
        seen.append(cause)
        yield cause
        pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
