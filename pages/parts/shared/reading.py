"""One reading of the store per drawing of a page, and live updates of what the page computes from it."""

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from hw5core.errors import StoreError
from pages.parts.shared.publishing import published, subscribe_redraw
from pages.parts.shared.streamlit_internals import Content

T = TypeVar("T")


class Reading(Generic[T]):
    """The result of `read(*arguments)`, and how to read it again.

    Live updates read with `live` instead, if it is given: its result may be a moment old, so that many viewers share
    it. All these functions, and the views, belong to a module and use no session: one call serves all viewers.
    """

    def __init__(self, read: Callable[..., T], *arguments: Hashable, live: Callable[..., T] | None = None) -> None:
        self._live = live or read
        self._arguments = arguments
        self._fragments: set[str] = set()
        self._error: StoreError | None = None
        try:
            self._value = read(*arguments)
        except StoreError as error:
            self._error = error

    @property
    def value(self) -> T:
        """The result. Raises StoreError if the store could not be read."""
        if self._error:
            raise self._error
        return self._value

    def in_fragment(self, name: str) -> "Reading[T]":
        """Return this reading while the whole page is drawn, and a new one when the fragment is redrawn alone."""
        if name not in self._fragments:
            self._fragments.add(name)
            return self
        return Reading(self._live, *self._arguments)

    def subscribe_redraw(self, version: Callable[..., Hashable], *arguments: Hashable) -> None:
        """Redraw the fragment or, outside of any, the page when `version(result, *arguments)` changes, or when an error
        of the store comes or goes. Call this before `published`."""
        current = str(self._error) if self._error else version(self._value, *arguments)
        subscribe_redraw(_version_now, self._live, self._arguments, version, arguments, current=current)

    def published(
        self, view: Callable[..., tuple[Content, ...]], *arguments: Hashable
    ) -> AbstractContextManager[tuple[Content, ...]]:
        """Give `view(result, *arguments)` to a with statement that draws one element per part, and keep the elements up
        to date. Raises StoreError."""
        current = view(self.value, *arguments)
        return published(_view_now, self._live, self._arguments, view, arguments, current=current)


def _version_now(
    live: Callable[..., Any],
    arguments: tuple[Hashable, ...],
    version: Callable[..., Hashable],
    more: tuple[Hashable, ...],
) -> Hashable:
    try:
        return version(live(*arguments), *more)
    except StoreError as error:
        return str(error)


def _view_now(
    live: Callable[..., Any],
    arguments: tuple[Hashable, ...],
    view: Callable[..., tuple[Content, ...]],
    more: tuple[Hashable, ...],
) -> tuple[Content, ...]:
    return view(live(*arguments), *more)
