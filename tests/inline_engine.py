"""A stand-in for the engine that computes tasks in the calling process, without workers."""

from concurrent.futures import Future
from typing import Any


class InlineEngine:
    """Runs a submitted function at once. `submitted` lists each function with its arguments."""

    submitted: list[tuple[Any, ...]]

    def __init__(self) -> None:
        self.submitted = []

    def submit(self, function: Any, *arguments: Any) -> "Future[Any]":
        """Return a finished future with the function's result or exception."""
        self.submitted.append((function, *arguments))
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future
