"""The parts of Streamlit that its documentation does not describe. No other file of this project uses such parts.

Written for Streamlit 1.67. After an upgrade, run tests/pages/parts/shared/test_streamlit_internals.py first: it checks
each part that this file relies on, and says where in Streamlit's source to look when one has changed.
"""

import asyncio
from asyncio import Transport
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from threading import Lock, local
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlencode

from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.dataframe_util import convert_arrow_table_to_arrow_bytes
from streamlit.delta_generator import DeltaGenerator
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.proto.NumberInput_pb2 import NumberInput
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime import Runtime, app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_cache import populate_hash_if_needed
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.runtime_util import serialize_forward_msg
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState, get_script_run_ctx
from streamlit.runtime.session_manager import ActiveSessionInfo, SessionInfo
from streamlit.runtime.state.common import is_element_id
from streamlit.runtime.state.query_params import QueryParams, _parse_query_string
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import (
    STREAMLIT_INTERNAL_KEY_PREFIX,
    Serialized,
    SessionState,
    Value,
    WStates,
)
from streamlit.web.server.starlette.starlette_path_security_middleware import PathSecurityMiddleware
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from websockets.frames import BINARY, Frame

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BackMsg", "DeltaGenerator", "Element", "ForwardMsg", "NumberInput", "WidgetState"]
"""The type of a container, for pages, and the messages of the protocol between browser and server, for
`tools/visitor.py`, which takes a browser's part."""

COOKIE = "_streamlit_xsrf"
"""The cookie in which Streamlit gives each browser a random secret."""

Content: TypeAlias = "str | pa.Table"
"""What one element shows: the text of HTML, Markdown or code, or the rows of a chart or of a table."""


# The session and the page that are running.


def current_session_id() -> str | None:
    """Return the id of the session that runs this code, or None if no server does, as in Streamlit's AppTest."""
    context = get_script_run_ctx()
    return context.session_id if context and _runtime() else None


def current_fragment_id() -> str:
    """Return the id of the running fragment, or "" while the page itself runs. Only a page's code may call this."""
    return ThreadState.get().fragment_id or ""


def _runtime() -> Runtime | None:
    # AppTest puts a mock in the place of the runtime.
    runtime = Runtime.instance() if Runtime.exists() else None
    return runtime if isinstance(runtime, Runtime) else None


# The messages that draw elements.


@contextmanager
def captured_elements() -> Iterator[list[ForwardMsg]]:
    """Collect the messages that draw elements while the block runs. They are sent as usual. Blocks do not nest."""
    captured: list[ForwardMsg] = []
    context = get_script_run_ctx()
    if context is None:
        yield captured
        return
    send = context.enqueue

    def send_and_capture(message: ForwardMsg) -> None:
        send(message)
        if message.delta.WhichOneof("type") == "new_element":
            captured.append(message)

    context.enqueue = send_and_capture  # type: ignore[method-assign, assignment]
    try:
        yield captured
    finally:
        del context.enqueue  # uncovers the method of the class


def position_of(message: ForwardMsg) -> tuple[int, ...]:
    """Return the position on the page of the element that this message draws."""
    return tuple(message.metadata.delta_path)


def layout_of(message: ForwardMsg) -> bytes:
    """Return the message without the content of its element: equal for all sessions in which the element is the same.

    Raises TypeError if the element shows no `Content`.
    """
    empty = ForwardMsg()
    empty.CopyFrom(message)
    _set_content(empty, None)
    layout: bytes = empty.SerializeToString(deterministic=True)
    return layout


def message_of(layout: bytes, content: Content) -> ForwardMsg:
    """Return the message that draws the element of this layout with this content."""
    message: ForwardMsg = ForwardMsg.FromString(layout)
    _set_content(message, content)
    populate_hash_if_needed(message)
    message.metadata.cacheable = False  # a content that has been replaced is never shown again
    return message


def frame_of(message: ForwardMsg) -> bytes:
    """Return the message as it goes over a session's connection: equal for all sessions."""
    return Frame(BINARY, serialize_forward_msg(message)).serialize(mask=False)


def _set_content(message: ForwardMsg, content: "Content | None") -> None:
    element = message.delta.new_element
    match element.WhichOneof("type"):
        case "html":
            element.html.body = content or ""
        case "markdown":
            element.markdown.body = content or ""
        case "vega_lite_chart":
            rows = b"" if content is None else convert_arrow_table_to_arrow_bytes(content)
            element.vega_lite_chart.data.data = rows
        case "dataframe":
            rows = b"" if content is None else convert_arrow_table_to_arrow_bytes(content)
            element.dataframe.arrow_data.data = rows
        case other:
            raise TypeError(f"the content of an element of type {other} cannot be published")
    message.ClearField("hash")


# The sessions of the server.


@dataclass(frozen=True)
class Session:
    """A session of this server whose browser is connected."""

    _info: ActiveSessionInfo

    @property
    def id(self) -> str:
        """The session's id."""
        return self._session.id

    @property
    def is_drawing(self) -> bool:
        """True while the session's page or one of its fragments runs."""
        return self._session._scriptrunner is not None

    @property
    def is_behind(self) -> bool:
        """True while the browser has not yet received all earlier messages. Read it on the server's event loop only."""
        client: Any = self._info.client
        queued = not (self._session._browser_queue.is_empty() and client._send_queue.empty())
        return queued or self._transport.get_write_buffer_size() > 0

    def send(self, frames: bytes) -> None:
        """Send messages to the browser, as `frame_of` wrote them. Call it on the server's event loop only, and not
        while the session is behind; while it draws, only with what it has drawn.

        Streamlit's own way takes each message of each session through two queues and serialises it again. That takes
        many times as long, which counts with a thousand viewers.
        """
        self._transport.write(frames)

    def request_redraw(self, fragment: str) -> None:
        """Run this fragment again, or the whole page if it is "", as if the browser had asked. Call it on the server's
        event loop only."""
        state = ClientState()
        state.CopyFrom(self._session._client_state)
        state.fragment_id, state.is_auto_rerun = fragment, bool(fragment)
        self._session.request_rerun(state)

    def call_soon(self, function: Callable[..., object], *arguments: object) -> None:
        """Call the function on the server's event loop, from any thread. Do nothing if the server is stopping."""
        with suppress(RuntimeError):
            self._session._event_loop.call_soon_threadsafe(function, *arguments)

    @property
    def _session(self) -> AppSession:
        return self._info.session

    @property
    def _transport(self) -> Transport:
        client: Any = self._info.client
        websocket = client._websocket
        # The server's first connection arrives before its first page, which calls `handle_requests`.
        transport: Transport = websocket.scope.get(_TRANSPORT) or websocket._receive.__self__.transport
        return transport


def connected_session(session_id: str) -> Session | None:
    """Return the session with this id, or None if it has ended or its browser is not connected."""
    runtime = _runtime()
    info = runtime._session_mgr.get_active_session_info(session_id) if runtime else None
    return Session(info) if info else None


# The values of widgets.


@dataclass(frozen=True)
class WidgetValue:
    """A value that a browser sent for a widget, and what the page declares for it.

    `field` and `declared_field` are names of the protocol's value fields, such as "string_value"; `field` is None for
    no value. `options` are the values that a widget with a fixed choice allows; None if anything may be entered.
    """

    field: str | None
    value: Any
    declared_field: str
    options: Sequence[str] | None


_read_value, _store_value = WStates.__getitem__, WStates.set_widget_from_proto


def guard_widget_values(is_valid: Callable[[WidgetValue], bool]) -> None:
    """From now on, check each widget value that a browser sends, in all sessions.

    Where `is_valid` returns False, or the widget cannot read the value, the widget has its default value. A value whose
    name is not that of a widget is ignored, because it would replace a value that the page keeps in its session state.
    """

    def store(states: WStates, sent: WidgetState) -> None:
        if is_element_id(sent.id) or sent.id.startswith(STREAMLIT_INTERNAL_KEY_PREFIX):
            _store_value(states, sent)

    def read(states: WStates, widget: str) -> Any:
        sent, declared = states.states.get(widget), states.widget_metadata.get(widget)
        if not isinstance(sent, Serialized) or declared is None:
            return _read_value(states, widget)
        field = sent.value.WhichOneof("value")
        value = getattr(sent.value, field) if field else None
        if is_valid(WidgetValue(field, value, declared.value_type, declared.formatted_options)):
            with suppress(Exception):  # a widget may raise anything for a value it does not expect
                result = _read_value(states, widget)
                if field is None:
                    # Streamlit takes the type of the value as the declared one. After an empty value it would be None,
                    # and the next number would be refused.
                    states.set_widget_metadata(declared)
                return result
        default = declared.deserializer(None)
        states.states[widget] = Value(default)
        return default

    WStates.set_widget_from_proto = store  # type: ignore[method-assign, assignment]
    WStates.__getitem__ = read  # type: ignore[method-assign]


_read_address = SessionState._seed_widget_from_url


def guard_url_values() -> None:
    """From now on, ignore a value in the URL that its widget cannot read, with any error."""

    def read(state: SessionState, metadata: Any, key: str, widget: str, value: Any) -> bool:
        try:
            return _read_address(state, metadata, key, widget, value)
        except Exception:  # such as OverflowError, for a whole number that is infinite
            state._clear_url_param(key)
            return False

    SessionState._seed_widget_from_url = read  # type: ignore[method-assign, assignment]


_read_query = QueryParams.populate_from_query_string
_run_script = ScriptRunner._run_script


def keep_parameters_of_links() -> None:
    """From now on, a link to another page keeps a parameter that a widget of the page before has in the URL too.

    The browser sends the parameters of that page's widgets, and after them those of the link. Streamlit drops them all.
    After Back and Forward the browser sends the URL alone, so each of its parameters is kept.
    """
    runs = local()

    def run(runner: ScriptRunner, data: RerunData) -> None:
        runs.from_history = data.is_history_navigation
        _run_script(runner, data)

    def read(params: QueryParams, query: str, scripts: set[str] | None = None) -> None:
        sent = _parse_query_string(query)
        bound = [one for one in params._bindings_by_param.values() if scripts and one.script_hash not in scripts]
        for binding in bound:
            before, values = params.get_all(binding.param_key), sent.get(binding.param_key, [])
            if values[: len(before)] == before and not runs.from_history:
                sent[binding.param_key] = values[len(before) :]
            params.unbind_widget(binding.widget_id)
        _read_query(params, urlencode(sent, doseq=True), scripts)
        if bound:
            params._send_query_param_msg()

    QueryParams.populate_from_query_string = read  # type: ignore[method-assign, assignment]
    ScriptRunner._run_script = run  # type: ignore[method-assign, assignment]


def refuse_cache_clears() -> None:
    """From now on, ignore a browser's request to clear the server's caches, which all sessions share."""
    AppSession._handle_clear_cache_request = lambda _: None  # type: ignore[method-assign, assignment]


_clear_unsent = ForwardMsgQueue.clear


def keep_unsent_drawings() -> None:
    """From now on, a fragment that starts removes nothing from a complete drawing of the page that is not sent yet.

    Streamlit removes the fragment's part, but the browser still learns that the drawing is complete. So the browser
    removes the fragment until it is drawn again, and a key that is pressed in between is lost.
    """

    def ends(queue: ForwardMsgQueue) -> list[int]:
        return [one.script_finished for one in queue._queue if one.WhichOneof("type") == "script_finished"]

    def clear(
        queue: ForwardMsgQueue, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
    ) -> None:
        if fragment_ids_this_run is not None and ForwardMsg.FINISHED_SUCCESSFULLY in ends(queue):
            queue._delta_index_map = {}  # the fragment's messages follow those of the drawing and replace none of them
        else:
            _clear_unsent(queue, retain_lifecycle_msgs, fragment_ids_this_run)

    ForwardMsgQueue.clear = clear  # type: ignore[method-assign, assignment]


_add_download = MediaFileManager.add_deferred


def keep_download_ids() -> None:
    """From now on, a button whose file is made after the click keeps its id when its page is drawn again.

    Streamlit gives it a new id in each drawing and forgets the old one, also whenever a drawing of another session
    ends. A click before the browser has the new id would get no file.
    """

    def add(manager: MediaFileManager, *arguments: Any, element_id: str = "", **others: Any) -> str:
        new = _add_download(manager, *arguments, element_id=element_id, **others)
        with manager._lock:
            files = manager._deferred_callables
            session, place = files[new]["session_id"], files[new]["coordinates"]
            ids = manager._deferred_ids_by_session[session]
            old = next((one for one in ids - {new} if element_id and files[one]["element_id"] == element_id), new)
            files[old] = files[new]
            if old != new:
                manager._drop_deferred_id(new)
            manager._files_by_session_and_coord[session][place] = old
        return old

    def remove(manager: MediaFileManager) -> None:
        drawn = {one for places in manager._files_by_session_and_coord.values() for one in places.values()}
        for one in manager._deferred_callables.keys() - drawn:
            session = connected_session(manager._deferred_callables[one]["session_id"])
            if not (session and session.is_drawing):  # otherwise its drawing may not have reached the button yet
                manager._drop_deferred_id(one)

    MediaFileManager.add_deferred = add  # type: ignore[method-assign, assignment]
    MediaFileManager._remove_orphaned_deferred_callables = remove  # type: ignore[method-assign, assignment]


# What a run of a page costs the server.


def send_together() -> None:
    """From now on, the messages of a page go to the event loop together, and from there to the browser together.

    Streamlit wakes the loop for each message, and needs several turns of the loop to send it. At each turn, the loop
    and the threads of the pages wait for Python's lock.
    """
    AppSession._create_scriptrunner = _run_after_waiting  # type: ignore[method-assign, assignment]
    AppSession._call_soon_on_event_loop = _call_together  # type: ignore[method-assign, assignment]
    AppSession.flush_browser_queue = _send_waiting  # type: ignore[method-assign, assignment]
    Runtime._enqueued_some_message = _wake_loop  # type: ignore[method-assign, assignment]


_call_soon, _create_runner, _take_waiting, _wake = (
    AppSession._call_soon_on_event_loop,
    AppSession._create_scriptrunner,
    AppSession.flush_browser_queue,
    Runtime._enqueued_some_message,
)
_WAITING = "hw5lab.waiting"
_handing_over = Lock()


def _call_together(session: AppSession, callback: Callable[[], None]) -> None:
    with _handing_over:
        waiting = vars(session).setdefault(_WAITING, [])
        waiting.append(callback)
        is_first = len(waiting) == 1
    if is_first:
        _call_soon(session, partial(_call_waiting, session))


def _call_waiting(session: AppSession) -> None:
    with _handing_over:
        waiting = vars(session).pop(_WAITING, [])
    for callback in waiting:
        try:
            callback()
        except Exception as error:
            session._event_loop.call_exception_handler({"message": "a message of a page is lost", "exception": error})


def _run_after_waiting(session: AppSession, data: RerunData) -> None:
    """Start a run. Streamlit would drop what the run before it has drawn and what still waits."""
    _call_waiting(session)
    _create_runner(session, data)


def _send_waiting(session: AppSession) -> list[ForwardMsg]:
    """Send the waiting messages. Return those that Streamlit has to send: the browser has not received earlier ones."""
    if session._browser_queue.is_empty():
        return []
    messages = _take_waiting(session)
    connected = connected_session(session.id)
    if connected is None or connected.is_behind:
        return messages
    connected.send(b"".join(map(frame_of, messages)))
    return []


def _wake_loop(runtime: Runtime) -> None:
    parts = runtime._get_async_objs()
    if asyncio._get_running_loop() is parts.eventloop:
        parts.need_send_data.set()
    else:
        _wake(runtime)


_write_theme = app_session._populate_theme_msg


def read_theme_once() -> None:
    """From now on, read the options of the theme once. Streamlit takes a millisecond to read them, at each run."""

    @cache
    def theme(section: str) -> CustomThemeConfig:
        message = CustomThemeConfig()
        _write_theme(message, section)
        return message

    def write(msg: CustomThemeConfig, section: str = "theme") -> None:
        known = theme(section)
        if known.ByteSize():
            msg.MergeFrom(known)

    app_session._populate_theme_msg = write


_all_values: Any = SafeSessionState.filtered_state


class _Values(Mapping[str, Any]):
    """The values in a session's state, by their keys. It reads only those that are asked for."""

    def __init__(self, state: SafeSessionState) -> None:
        self._safe = state

    def __getitem__(self, key: str) -> Any:
        with self._safe._lock:
            return self._safe._state[key]

    def __iter__(self) -> Iterator[str]:
        return iter(_all_values.fget(self._safe))

    def __len__(self) -> int:
        return len(_all_values.fget(self._safe))

    def __repr__(self) -> str:
        return repr(_all_values.fget(self._safe))


def read_single_values() -> None:
    """From now on, a widget that looks for its own value reads only this one. Streamlit copies all values each time."""
    SafeSessionState.filtered_state = property(_Values)  # type: ignore[method-assign, assignment]


# The requests of browsers.

Handler: TypeAlias = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]
"""Answers a request, usually by calling the given app with it, as the call of an ASGI middleware does."""

_serve = PathSecurityMiddleware.__call__
_TRANSPORT = "hw5lab.transport"
"""The name under which the description of a connection (its ASGI scope) holds its transport."""


def handle_requests(handler: Handler) -> None:
    """From now on, pass each request and each connection of a browser to `handler`, before Streamlit sees it."""

    async def call(middleware: PathSecurityMiddleware, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            protocol: Any = send.__self__  # type: ignore[attr-defined]
            scope[_TRANSPORT] = protocol.transport
        await handler(partial(_serve, middleware), scope, receive, send)

    PathSecurityMiddleware.__call__ = call  # type: ignore[method-assign, assignment]


SESSION_PATH = "/_stcore/stream"
"""The end of the URL to which a browser connects for a session."""

FILES_PER_SESSION = 4
"""The number of open files of a session: its connection, and three of the event loop for its page."""

FILES_PER_KEPT_SESSION = 3
"""The number of open files of a session that has lost its connection."""


class _LostSessions(MemorySessionStorage):
    """Keeps the sessions that have lost their connection last. It ends the others, which closes their files."""

    def __init__(self, most: int) -> None:
        super().__init__(maxsize=most)
        self._kept: dict[str, SessionInfo] = {}

    def save(self, session_info: SessionInfo) -> None:
        self._kept[session_info.session.id] = session_info
        super().save(session_info)
        for session_id in [one for one in self._kept if self.get(one) is None]:
            self._kept.pop(session_id).session.shutdown()

    def delete(self, session_id: str) -> None:
        self._kept.pop(session_id, None)
        super().delete(session_id)


def keep_lost_sessions(most: int) -> None:
    """Keep at most this number of sessions that have lost their connection. A browser that comes back finds its own."""
    manager: Any = getattr(_runtime(), "_session_mgr", None)  # AppTest's mock has none
    if manager:
        manager._session_storage = _LostSessions(most)


REQUEST_SECONDS = 30.0
"""The time within which a connection has to send a request."""

_accept = AutoHTTPProtocol.connection_made


def limit_connections(most: int, refusal: bytes) -> None:
    """From now on, answer a connection too many with `refusal`, and close those that send no request."""

    def close_if_silent(protocol: Any, transport: Transport) -> None:
        # A connection for a session has another protocol by now.
        if protocol.cycle is None and transport.get_protocol() is protocol:
            transport.abort()

    def accept(protocol: Any, transport: Transport) -> None:
        _accept(protocol, transport)
        if len(protocol.connections) > most:
            transport.write(refusal)
            transport.close()
        else:
            protocol.loop.call_later(REQUEST_SECONDS, close_if_silent, protocol, transport)

    AutoHTTPProtocol.connection_made = accept  # type: ignore[method-assign, assignment]


def cookie_secret(cookie: str) -> bytes:
    """Return the secret in the value of COOKIE, or b"" if it is no such value.

    The value is "2|mask|masked secret|time" in hexadecimal digits. The mask differs at each visit; the secret stays.
    """
    try:
        version, mask, masked, _ = cookie.split("|")
        key, secret = bytes.fromhex(mask), bytes.fromhex(masked)
        return bytes(byte ^ key[place % len(key)] for place, byte in enumerate(secret)) if version == "2" else b""
    except (ValueError, ZeroDivisionError):
        return b""


def load_server() -> None:
    """Import what `streamlit run` imports before it serves the first page."""
    import streamlit.web.bootstrap  # noqa: F401
