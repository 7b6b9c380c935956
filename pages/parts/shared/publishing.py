"""Live updates: the server publishes what changes on a page, and the browser does not have to ask for it.

Everyone who watches a race sees the same. A page subscribes to its content; one thread reads each content once for all
its subscriptions and sends it to the sessions in which it has changed. Streamlit's own way, a fragment that every
browser requests at an interval, costs the server milliseconds per browser and request before the page's first line
runs.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hw5core.errors import LabError
from pages.parts.shared.streamlit_internals import (
    Content,
    Session,
    captured_elements,
    connected_session,
    current_fragment_id,
    current_session_id,
    frame_of,
    layout_of,
    message_of,
    position_of,
)

INTERVAL_SECONDS = 0.5
"""The shortest time between two rounds of publishing: the eye does not follow more."""

SECONDS_PER_SESSION = 0.0008
"""The time between two rounds per connected session: 600 sessions get two rounds a second, 1,000 one every 0.8 s."""

BUSY_SHARE = 0.25
"""The largest share of its time that the publishing thread is busy."""

REDRAWS_PER_SECOND = 15.0
"""The number of sessions that redraw per second: redrawing a whole class at once would keep the server busy for
seconds."""

RECONNECT_SECONDS = 60
"""The interval at which the fragment of a published page asks for itself.

Publishing does not need it. But after a lost connection a browser asks for its page again only if the page has such a
fragment.
"""

UNREACHABLE_SECONDS = 600.0
"""The time after which an unreachable session loses its subscriptions. A laptop that wakes up earlier continues."""

_Read = Callable[..., Any]

_UNKNOWN = object()

_log = logging.getLogger(__name__)


def subscribe_redraw(version: _Read, *arguments: Hashable, current: Any = _UNKNOWN) -> None:
    """Redraw the current fragment, or outside of one the page, when `version(*arguments)` changes.

    This ends all earlier subscriptions of the fragment, so call it before `published`.

    `version` runs on a thread without a session. It is a function of a module, because a function of the page's script
    is a different one in each session. If the caller has its value already, `current` is that value.
    """
    subscriptions = _subscriptions()
    content = version(*arguments) if current is _UNKNOWN else current
    if subscriptions:
        fragment = current_fragment_id()
        subscriptions.add(Subscription(version, arguments, content, fragment, None, (fragment, None)))


@contextmanager
def published(
    content: Callable[..., tuple[Content, ...]], *arguments: Hashable, current: Any = _UNKNOWN
) -> Iterator[tuple[Content, ...]]:
    """Return what `content(*arguments)` is now, and publish it whenever it changes.

    Inside the block, draw one element for each part of the content, in its order: HTML, Markdown or code for a text, a
    chart for rows. When the number of parts changes, the fragment redraws.

    `content` runs on a thread without a session, and is a function of a module as in `subscribe_redraw`. If the caller
    has its value already, `current` is that value.
    """
    subscriptions = _subscriptions()
    current = content(*arguments) if current is _UNKNOWN else current
    with captured_elements() as elements:
        yield current
    if subscriptions:
        fragment = current_fragment_id()
        positions = tuple(map(position_of, elements)) or (content, arguments)
        layout = tuple(map(layout_of, elements))
        subscriptions.add(Subscription(content, arguments, current, fragment, layout, (fragment, positions)))


def end_subscriptions() -> None:
    """End all subscriptions of this session, because its page is about to redraw."""
    session_id = current_session_id()
    if session_id:
        _publisher().end(session_id)


def other_sessions(shows: Callable[[Hashable], bool]) -> int:
    """Return the number of other connected sessions in which `shows` is true of an argument of a subscription."""
    session_id = current_session_id()
    return _publisher().sessions(shows, besides=session_id) if session_id else 0


@dataclass
class Subscription:
    """A subscription of one session: it shows `delivered`, the last value of `read(*arguments)`, in this fragment.

    `layout` holds the messages that draw its elements, without their content; None if the whole fragment, or the page
    if `fragment` is "", redraws instead. A new subscription at the same `position` replaces this one.
    """

    read: _Read
    arguments: tuple[Hashable, ...]
    delivered: Any
    fragment: str
    layout: tuple[bytes, ...] | None
    position: Hashable


@dataclass
class PageSubscriptions:
    """The subscriptions of one drawing of a page, and when its browser was last reachable.

    Each drawing of a page has its own, so that an interrupted drawing cannot add subscriptions to a later one.
    """

    by_position: dict[Hashable, Subscription] = field(default_factory=dict)
    reached: float = field(default_factory=time.monotonic)

    def add(self, subscription: Subscription) -> None:
        """Add the subscription. One that redraws its fragment ends all others of the fragment."""
        if subscription.layout is None:
            others = {at: one for at, one in self.by_position.items() if one.fragment != subscription.fragment}
            self.by_position = others
        self.by_position[subscription.position] = subscription


@dataclass(frozen=True)
class Delivery:
    """What one session receives so that it shows `content`: the frames of messages, or None if it has to redraw."""

    session: Session
    subscriptions: PageSubscriptions
    subscription: Subscription
    content: Any
    frames: bytes | None


def _subscriptions() -> PageSubscriptions | None:
    session_id = current_session_id()
    return _publisher().subscriptions(session_id) if session_id else None


def _frames(layout: tuple[bytes, ...], content: tuple[Content, ...]) -> bytes:
    return b"".join(frame_of(message_of(element, part)) for element, part in zip(layout, content, strict=True))


def _read(read: _Read, arguments: tuple[Hashable, ...]) -> Any:
    try:
        return read(*arguments)
    except LabError:
        return _UNKNOWN  # the page has a version that changes then, and is redrawn with the error
    except Exception:
        _log.exception("the content of a page cannot be read for publishing")
        return _UNKNOWN


def _changes(
    subscriptions: PageSubscriptions, read: Callable[[_Read, tuple[Hashable, ...]], Any]
) -> Iterator[tuple[Subscription, Any]]:
    """Yield each subscription whose content has changed, with the new content.

    Where a fragment or the page has to redraw, its other subscriptions are left out.
    """
    redrawn: set[str] = set()
    # The page first, and in each fragment the redraw before the elements.
    ordered = sorted(subscriptions.by_position.values(), key=lambda one: (one.fragment, one.layout is not None))
    for subscription in ordered:
        if not redrawn & {subscription.fragment, ""}:
            content = read(subscription.read, subscription.arguments)
            if content is not _UNKNOWN and content != subscription.delivered:
                if subscription.layout is None:
                    redrawn.add(subscription.fragment)
                yield subscription, content


class Publisher:
    """The subscriptions of all sessions, and the thread that publishes to them."""

    def __init__(self, find_session: Callable[[str], Session | None] = connected_session) -> None:
        self._find_session = find_session
        self._by_session: dict[str, PageSubscriptions] = {}
        self._connected = 0
        self._redraws = 0.0

    def subscriptions(self, session_id: str) -> PageSubscriptions:
        """Return the subscriptions of this session's page."""
        return self._by_session.setdefault(session_id, PageSubscriptions())

    def end(self, session_id: str) -> None:
        """End all subscriptions of this session."""
        self._by_session.pop(session_id, None)

    def sessions(self, shows: Callable[[Hashable], bool], besides: str) -> int:
        """Return the number of connected sessions, besides one, in which `shows` is true of an argument."""
        return sum(
            self._find_session(session_id) is not None
            and any(shows(one) for shown in list(page.by_position.values()) for one in shown.arguments)
            for session_id, page in list(self._by_session.items())
            if session_id != besides
        )

    def run(self) -> None:
        """Publish again and again, without end."""
        pause = INTERVAL_SECONDS
        while True:
            time.sleep(pause)
            started = time.monotonic()
            try:
                self.publish(pause)
            except Exception:  # a new version of Streamlit may have changed its internals
                _log.exception("publishing failed")
            busy = time.monotonic() - started
            pause = max(INTERVAL_SECONDS, SECONDS_PER_SESSION * self._connected, busy / BUSY_SHARE) - busy

    def publish(self, seconds: float) -> None:
        """Read every content once, and deliver what has changed. `seconds` is the time since the last round."""
        self._redraws = min(self._redraws + seconds * REDRAWS_PER_SECOND, REDRAWS_PER_SECOND)
        read = cache(_read)
        frames = cache(lambda source, arguments, layout: _frames(layout, read(source, arguments)))
        deliveries: list[Delivery] = []
        reachable = list(self._reachable())
        self._connected = len(reachable)
        for session, subscriptions in reachable:
            for one, content in _changes(subscriptions, read):
                if one.layout is not None and len(one.layout) == len(content):
                    sent = frames(one.read, one.arguments, one.layout)
                    deliveries.append(Delivery(session, subscriptions, one, content, sent))
                elif self._redraws >= 1:
                    self._redraws -= 1
                    deliveries.append(Delivery(session, subscriptions, one, content, None))
        if deliveries:
            deliveries[0].session.call_soon(self._deliver, deliveries)

    def _reachable(self) -> Iterator[tuple[Session, PageSubscriptions]]:
        """Yield the sessions whose browsers are connected; end the subscriptions of those long unreachable."""
        now = time.monotonic()
        for session_id, subscriptions in list(self._by_session.items()):
            session = self._find_session(session_id)
            if session:
                subscriptions.reached = now
                yield session, subscriptions
            elif now - subscriptions.reached > UNREACHABLE_SECONDS:
                self.end(session_id)

    def _deliver(self, deliveries: list[Delivery]) -> None:
        """Send the deliveries. Runs on the server's event loop.

        A session whose page is drawing may have other elements at these positions now, so it is left out, and so is a
        browser that has not received everything yet. The next round delivers to them what is newest then.
        """
        behind = {delivery.session.id for delivery in deliveries if delivery.session.is_behind}
        for delivery in deliveries:
            session, one = delivery.session, delivery.subscription
            current = self._by_session.get(session.id)
            if session.is_drawing or session.id in behind or current is not delivery.subscriptions:
                continue
            if current.by_position.get(one.position) is not one:
                continue
            if delivery.frames is None:
                session.request_redraw(one.fragment)
            else:
                session.send(delivery.frames)
            one.delivered = delivery.content


@cache
def _publisher() -> Publisher:
    # Not in Streamlit's cache: clearing that would end the live updates of all open pages.
    publisher = Publisher()
    threading.Thread(target=publisher.run, name="publisher", daemon=True).start()
    return publisher
