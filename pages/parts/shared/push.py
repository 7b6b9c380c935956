"""What a page shows, kept up to date by the server without the browser's asking for it again and again.

A hundred who watch one race see the same. What they see is looked up once for all of them, on a thread of its own, and
sent to each when it has changed. Streamlit's own way, a fragment that every browser asks for at an interval, costs the
server milliseconds for each of them each time, before the first line of the page has been run.

Streamlit has no place for it. What draws is listened to, and what is sent goes into the sessions' own queues: private
parts, used in this module alone. Tests do it over real websockets.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from streamlit.dataframe_util import convert_arrow_table_to_arrow_bytes
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_cache import populate_hash_if_needed
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState, get_script_run_ctx

if TYPE_CHECKING:
    import pyarrow as pa

SHORTEST_SECONDS = 0.5
"""How long after one look the next one comes, at the least: no eye follows more."""

SECONDS_PER_SESSION = 0.004
"""How long it is for each session when there are many: a hundred are told what is new twice a second, two hundred
every 0.8 s."""

SHARE_OF_TIME = 0.25
"""How much of its time the thread may spend looking, however much there is to look at."""

REDRAWS_A_SECOND = 15.0
"""In how many sessions the page, or a part of it, is drawn anew: a class's, all at once, would keep the server busy for
seconds."""

ASKS_SECONDS = 60
"""How often a fragment of a page that is kept up to date has its browser ask for it all the same. What is sent needs no
asking; but only a page that asks at intervals is drawn anew when its browser finds the server again, after the laptop's
sleep or the server's end."""

GONE_SECONDS = 600.0
"""For how long a session is kept that cannot be reached: a laptop that wakes up in time goes on with the same one."""

Part: TypeAlias = "str | pa.Table"
"""What one element shows: the text of HTML, Markdown or code, or a chart's rows."""

_Look = Callable[..., Any]

_UNKNOWN = object()

_log = logging.getLogger(__name__)


def redraw_on_change(look: _Look, *arguments: Hashable) -> None:
    """From now on, draw the fragment that this is called from, or outside of any the whole page, anew as soon as `look`
    gives something else than it gives now. It is called on a thread of its own, without any session. What the fragment
    had `pushed` before is forgotten, so this comes first in it.

    `look`, here and in `pushed`, is a function of a module: one of a page's own script is another one in each session.
    """
    page = _page()
    seen = look(*arguments)
    _keep(page, look, arguments, seen, layout=None, places=None)


@contextmanager
def pushed(look: Callable[..., tuple[Part, ...]], *arguments: Hashable) -> Iterator[tuple[Part, ...]]:
    """What `look` gives now. Inside, one element has to be drawn for each part, in their order: HTML, Markdown or code
    of a text, a chart of rows. As soon as `look` gives something else, the browser is sent that, or, if it is another
    number of parts, the fragment is drawn anew. It is called on a thread of its own, without any session."""
    page = _page()
    seen = look(*arguments)
    with _listening() as drawn:
        yield seen
    elements = [message for message in drawn if message.delta.WhichOneof("type") == "new_element"]
    places = tuple(tuple(message.metadata.delta_path) for message in elements) or (look, arguments)
    _keep(page, look, arguments, seen, tuple(map(_emptied, elements)), places)


def forget_what_was_drawn() -> None:
    """Keep nothing of this session's page up to date any more: it is drawn anew."""
    context = get_script_run_ctx()
    if context and _runtime():
        _pusher().forget(context.session_id)


@dataclass
class Kept:
    """Something on one session's page: what it shows now (`seen`), in which fragment, and the messages that drew its
    elements without what they show; None where all of the fragment, or the page, is to be drawn anew."""

    look: _Look
    arguments: tuple[Hashable, ...]
    seen: Any
    fragment: str
    layout: tuple[bytes, ...] | None
    place: Hashable
    """Where that is: what is drawn there later comes instead of it."""


@dataclass
class Page:
    """All that is kept up to date of one session's page, and when its browser was last within reach. A page that is
    drawn anew is another one: what a run of the page that was broken off still says of it is nobody's."""

    kept: dict[Hashable, Kept] = field(default_factory=dict)
    reached: float = field(default_factory=time.monotonic)

    def keep(self, kept: Kept) -> None:
        """Keep it up to date, instead of what stood there before."""
        if kept.layout is None:
            self.kept = {place: other for place, other in self.kept.items() if other.fragment != kept.fragment}
        self.kept[kept.place] = kept


@dataclass(frozen=True)
class _Parcel:
    """What one session is to be told, so that it shows `now`: messages, or None if it is to draw anew."""

    session: AppSession
    page: Page
    kept: Kept
    now: Any
    messages: tuple[ForwardMsg, ...] | None


def _page() -> Page | None:
    """This session's, if there is a server to keep it up to date."""
    context = get_script_run_ctx()
    return _pusher().page(context.session_id) if context and _runtime() else None


def _keep(
    page: Page | None,
    look: _Look,
    arguments: tuple[Hashable, ...],
    seen: Any,
    layout: tuple[bytes, ...] | None,
    places: Hashable,
) -> None:
    if page:
        fragment = ThreadState.get().fragment_id or ""
        page.keep(Kept(look, arguments, seen, fragment, layout, (fragment, places)))


def _runtime() -> Runtime | None:
    """The server, unless there is none or another thing in its place, as in Streamlit's own way of testing pages."""
    runtime = Runtime.instance() if Runtime.exists() else None
    return runtime if isinstance(runtime, Runtime) else None


@contextmanager
def _listening() -> Iterator[list[ForwardMsg]]:
    """The messages that are sent to this session meanwhile."""
    heard: list[ForwardMsg] = []
    context = get_script_run_ctx()
    if context is None:
        yield heard
        return
    send = context.enqueue

    def send_and_note(message: ForwardMsg) -> None:
        send(message)
        heard.append(message)

    context.enqueue = send_and_note  # type: ignore[method-assign, assignment]
    try:
        yield heard
    finally:
        del context.enqueue  # the class's own is there again


def _emptied(message: ForwardMsg) -> bytes:
    """The message without what its element shows: the same for all sessions whose pages are alike."""
    empty = ForwardMsg()
    empty.CopyFrom(message)
    _put(empty, None)
    emptied: bytes = empty.SerializeToString(deterministic=True)
    return emptied


def _put(message: ForwardMsg, part: "Part | None") -> None:
    """Have its element show this."""
    element = message.delta.new_element
    match element.WhichOneof("type"):
        case "html":
            element.html.body = part or ""
        case "markdown":
            element.markdown.body = part or ""
        case "code":
            element.code.code_text = part or ""
        case "vega_lite_chart":
            element.vega_lite_chart.data.data = b"" if part is None else convert_arrow_table_to_arrow_bytes(part)
        case other:
            raise TypeError(f"an element of the kind {other} cannot be kept up to date")
    message.ClearField("hash")


def _filled(layout: tuple[bytes, ...], parts: tuple[Part, ...]) -> tuple[ForwardMsg, ...]:
    """The messages that have a page of this layout show these parts."""
    messages = tuple(map(ForwardMsg.FromString, layout))
    for message, part in zip(messages, parts, strict=True):
        _put(message, part)
        populate_hash_if_needed(message)
        message.metadata.cacheable = False  # it is never shown again
    return messages


def _looked(look: _Look, arguments: tuple[Hashable, ...]) -> Any:
    try:
        return look(*arguments)
    except Exception:
        _log.exception("what is shown cannot be kept up to date")
        return _UNKNOWN


def _news(page: Page, looked: Callable[[_Look, tuple[Hashable, ...]], Any]) -> Iterator[tuple[Kept, Any]]:
    """What shows something else than there is now, and what there is; of what is to be drawn anew no single parts."""
    anew: set[str] = set()
    for kept in sorted(page.kept.values(), key=lambda kept: (kept.fragment, kept.layout is not None)):
        if not anew & {kept.fragment, ""}:
            now = looked(kept.look, kept.arguments)
            if now is not _UNKNOWN and now != kept.seen:
                if kept.layout is None:
                    anew.add(kept.fragment)
                yield kept, now


def _redraw(session: AppSession, fragment: str) -> None:
    """Have it draw this fragment anew, or, if it is "", its whole page, as if its browser had asked."""
    wish = ClientState()
    wish.CopyFrom(session._client_state)
    wish.fragment_id, wish.is_auto_rerun = fragment, bool(fragment)
    session.request_rerun(wish)


class Pusher:
    """The thread, and what each session has on its page."""

    def __init__(self) -> None:
        self._pages: dict[str, Page] = {}
        self._connected = 0
        self._redraws = 0.0

    def page(self, session_id: str) -> Page:
        """What this session has on its page."""
        return self._pages.setdefault(session_id, Page())

    def forget(self, session_id: str) -> None:
        self._pages.pop(session_id, None)

    def run(self) -> None:
        """Look again and again."""
        rest = SHORTEST_SECONDS
        while True:
            time.sleep(rest)
            begin = time.monotonic()
            try:
                self.look(rest)
            except Exception:  # Streamlit's private parts are no promise of anybody's
                _log.exception("what is shown cannot be kept up to date")
            spent = time.monotonic() - begin
            crowded = SECONDS_PER_SESSION * self._connected
            rest = max(SHORTEST_SECONDS, crowded, spent / SHARE_OF_TIME) - spent

    def look(self, since: float) -> None:
        """Look once, so many seconds after the last time, at whatever any session shows; tell each what has changed."""
        self._redraws = min(self._redraws + since * REDRAWS_A_SECOND, REDRAWS_A_SECOND)
        looked = cache(_looked)
        filled = cache(lambda look, arguments, layout: _filled(layout, looked(look, arguments)))
        parcels: list[_Parcel] = []
        reached = list(self._within_reach())
        self._connected = len(reached)
        for session, page in reached:
            for kept, now in _news(page, looked):
                if kept.layout is not None and len(kept.layout) == len(now):
                    messages = filled(kept.look, kept.arguments, kept.layout)
                    parcels.append(_Parcel(session, page, kept, now, messages))
                elif self._redraws >= 1:
                    self._redraws -= 1
                    parcels.append(_Parcel(session, page, kept, now, None))
        if parcels:
            with suppress(RuntimeError):  # the server ends
                parcels[0].session._event_loop.call_soon_threadsafe(self._deliver, parcels)

    def _within_reach(self) -> Iterator[tuple[AppSession, Page]]:
        """The sessions whose browsers are connected. Those that have been gone for long are forgotten."""
        runtime, now = _runtime(), time.monotonic()
        for session_id, page in list(self._pages.items()):
            session = runtime.get_app_session(session_id) if runtime else None
            if session:
                page.reached = now
                yield session, page
            elif now - page.reached > GONE_SECONDS:
                self._pages.pop(session_id, None)

    def _deliver(self, parcels: list[_Parcel]) -> None:
        """On the thread that serves all sessions: tell each, unless its page is just being drawn, and so may have other
        elements in these places. It is told what has changed at the next look, then."""
        for parcel in parcels:
            session, kept = parcel.session, parcel.kept
            current = self._pages.get(session.id) is parcel.page and parcel.page.kept.get(kept.place) is kept
            if session._scriptrunner is not None or not current:
                continue
            if parcel.messages is None:
                _redraw(session, kept.fragment)
            for message in parcel.messages or ():
                session._enqueue_forward_msg(message)
            kept.seen = parcel.now


@cache
def _pusher() -> Pusher:
    """Not in Streamlit's cache: whoever empties that would leave all open pages as they are."""
    pusher = Pusher()
    threading.Thread(target=pusher.run, name="push", daemon=True).start()
    return pusher
