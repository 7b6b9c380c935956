"""The contract with Streamlit: the undocumented parts that streamlit_internals.py uses are there and do their work.

A failure after an upgrade names the part that has changed, and where to look for it.
"""

import ast
import asyncio
import importlib
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.proto.NewSession_pb2 import NewSession
from streamlit.runtime import Runtime, app_session
from streamlit.runtime.app_session import AppSession

from pages.parts.shared.streamlit_internals import (
    COOKIE,
    WidgetState,
    cookie_secret,
    current_session_id,
    read_theme_once,
    send_together,
)
from tools.live import ROOT, serving
from tools.visitor import Visitor, browser_cookie, visitor

RUNTIME = "streamlit.runtime"
CONTEXT = "streamlit.runtime.scriptrunner_utils.script_run_context"
STATE = "streamlit.runtime.state.session_state"
QUERY = "streamlit.runtime.state.query_params"
PROTO = "streamlit.proto"


@dataclass(frozen=True)
class Part:
    """A part of Streamlit: its module, its name there, the members that are used, and what uses it.

    `members` are the parameters of a function, the fields of a dataclass or of a message, or the attributes of a class.
    """

    module: str
    name: str
    members: tuple[str, ...]
    used_by: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


PARTS = [
    Part(RUNTIME, "Runtime.exists", (), "connected_session"),
    Part(RUNTIME, "Runtime.instance", (), "connected_session"),
    Part(
        f"{RUNTIME}.session_manager",
        "SessionManager.get_active_session_info",
        ("self", "session_id"),
        "connected_session",
    ),
    Part(f"{RUNTIME}.session_manager", "ActiveSessionInfo", ("client", "session"), "connected_session"),
    Part(f"{RUNTIME}.app_session", "AppSession._call_soon_on_event_loop", ("self", "callback"), "send_together"),
    Part(f"{RUNTIME}.app_session", "AppSession._create_scriptrunner", ("self", "initial_rerun_data"), "send_together"),
    Part(f"{RUNTIME}.app_session", "AppSession.flush_browser_queue", ("self",), "send_together"),
    Part(RUNTIME, "Runtime._enqueued_some_message", ("self",), "send_together"),
    Part(RUNTIME, "Runtime._get_async_objs", ("self",), "send_together"),
    Part(f"{RUNTIME}.app_session", "_populate_theme_msg", ("msg", "section"), "read_theme_once"),
    Part(f"{RUNTIME}.state.safe_session_state", "SafeSessionState.filtered_state", (), "read_single_values"),
    Part(f"{RUNTIME}.app_session", "AppSession.request_rerun", ("self", "client_state"), "Session.request_redraw"),
    Part(f"{RUNTIME}.forward_msg_queue", "ForwardMsgQueue.is_empty", ("self",), "Session.is_behind"),
    Part(
        f"{RUNTIME}.forward_msg_queue",
        "ForwardMsgQueue.clear",
        ("self", "retain_lifecycle_msgs", "fragment_ids_this_run"),
        "keep_unsent_drawings",
    ),
    Part(
        f"{RUNTIME}.media_file_manager",
        "MediaFileManager.add_deferred",
        ("self", "data_callable", "mimetype", "coordinates", "file_name", "element_id"),
        "keep_download_ids",
    ),
    Part(
        f"{RUNTIME}.media_file_manager",
        "MediaFileManager._remove_orphaned_deferred_callables",
        ("self",),
        "keep_download_ids",
    ),
    Part(
        f"{RUNTIME}.media_file_manager", "MediaFileManager._drop_deferred_id", ("self", "file_id"), "keep_download_ids"
    ),
    Part(f"{RUNTIME}.runtime_util", "serialize_forward_msg", ("msg",), "frame_of"),
    Part(f"{RUNTIME}.app_session", "AppSession._handle_clear_cache_request", ("self",), "refuse_cache_clears"),
    Part(f"{RUNTIME}.forward_msg_cache", "populate_hash_if_needed", ("msg",), "message_of"),
    Part(CONTEXT, "get_script_run_ctx", ("suppress_warning",), "current_session_id"),
    Part(CONTEXT, "ScriptRunContext", ("session_id",), "current_session_id"),
    Part(CONTEXT, "ScriptRunContext.enqueue", ("self", "msg"), "captured_elements"),
    Part(CONTEXT, "ThreadState.get", (), "current_fragment_id"),
    Part(CONTEXT, "FragmentThreadState", ("fragment_id",), "current_fragment_id"),
    Part("streamlit.dataframe_util", "convert_arrow_table_to_arrow_bytes", ("table",), "message_of"),
    Part(f"{RUNTIME}.state.common", "is_element_id", ("key",), "guard_widget_values"),
    Part(
        f"{RUNTIME}.state.common",
        "WidgetMetadata",
        ("deserializer", "value_type", "formatted_options"),
        "guard_widget_values",
    ),
    Part(STATE, "STREAMLIT_INTERNAL_KEY_PREFIX", (), "guard_widget_values"),
    Part(STATE, "Serialized", ("value",), "guard_widget_values"),
    Part(STATE, "Value", ("value",), "guard_widget_values"),
    Part(STATE, "WStates", ("states", "widget_metadata"), "guard_widget_values"),
    Part(STATE, "WStates.__getitem__", ("self", "k"), "guard_widget_values"),
    Part(STATE, "WStates.set_widget_from_proto", ("self", "widget_state"), "guard_widget_values"),
    Part(
        STATE,
        "SessionState._seed_widget_from_url",
        ("self", "metadata", "user_key", "widget_id", "url_value"),
        "guard_url_values",
    ),
    Part(STATE, "SessionState._clear_url_param", ("self", "user_key"), "guard_url_values"),
    Part(QUERY, "_parse_query_string", ("query_string",), "keep_parameters_of_links"),
    Part(QUERY, "WidgetBinding", ("widget_id", "param_key", "script_hash"), "keep_parameters_of_links"),
    Part(QUERY, "QueryParams", ("_bindings_by_param",), "keep_parameters_of_links"),
    Part(QUERY, "QueryParams.unbind_widget", ("self", "widget_id"), "keep_parameters_of_links"),
    Part(QUERY, "QueryParams._send_query_param_msg", ("self",), "keep_parameters_of_links"),
    Part(
        QUERY,
        "QueryParams.populate_from_query_string",
        ("self", "query_string", "valid_script_hashes"),
        "keep_parameters_of_links",
    ),
    Part(
        f"{RUNTIME}.scriptrunner_utils.script_requests",
        "RerunData",
        ("is_history_navigation",),
        "keep_parameters_of_links",
    ),
    Part(
        f"{RUNTIME}.scriptrunner.script_runner",
        "ScriptRunner._run_script",
        ("self", "rerun_data"),
        "keep_parameters_of_links",
    ),
    Part(f"{PROTO}.ForwardMsg_pb2", "ForwardMsg", ("hash", "metadata", "delta", "script_finished"), "layout_of"),
    Part(f"{PROTO}.ForwardMsg_pb2", "ForwardMsgMetadata", ("cacheable", "delta_path"), "position_of and message_of"),
    Part(f"{PROTO}.Element_pb2", "Element", ("html", "markdown", "code", "vega_lite_chart"), "layout_of"),
    Part(f"{PROTO}.Html_pb2", "Html", ("body",), "layout_of"),
    Part(f"{PROTO}.Markdown_pb2", "Markdown", ("body",), "layout_of"),
    Part(f"{PROTO}.Code_pb2", "Code", ("code_text",), "layout_of"),
    Part(f"{PROTO}.VegaLiteChart_pb2", "VegaLiteChart", ("data", "spec"), "layout_of"),
    Part(f"{PROTO}.ClientState_pb2", "ClientState", ("fragment_id", "is_auto_rerun"), "Session.request_redraw"),
    Part(f"{PROTO}.BackMsg_pb2", "BackMsg", ("rerun_script", "clear_cache"), "tools/visitor.py"),
    Part(
        "streamlit.web.server.starlette.starlette_path_security_middleware",
        "PathSecurityMiddleware.__call__",
        ("self", "scope", "receive", "send"),
        "handle_requests",
    ),
    Part(
        f"{RUNTIME}.memory_session_storage",
        "MemorySessionStorage.__init__",
        ("self", "maxsize"),
        "keep_lost_sessions",
    ),
    Part(f"{RUNTIME}.memory_session_storage", "MemorySessionStorage.save", ("self", "session_info"), "_LostSessions"),
    Part(f"{RUNTIME}.memory_session_storage", "MemorySessionStorage.delete", ("self", "session_id"), "_LostSessions"),
    Part(f"{RUNTIME}.app_session", "AppSession.shutdown", ("self",), "_LostSessions"),
    Part("uvicorn.protocols.http.auto", "AutoHTTPProtocol.connection_made", ("self", "transport"), "limit_connections"),
    Part("streamlit.web", "bootstrap", ("run",), "load_server"),
]


def _found(part: Part) -> set[str] | None:
    """Return the members that the part has, or None if there is no such part."""
    try:
        module: Any = importlib.import_module(part.module)
        for name in part.name.split("."):
            submodule = f"{module.__name__}.{name}" if isinstance(module, ModuleType) else ""
            module = getattr(module, name, None) or importlib.import_module(submodule)
    except (ImportError, ValueError):
        return None
    if inspect.isfunction(module) or inspect.ismethod(module):
        return set(inspect.signature(module).parameters)
    own = {field.name for field in fields(module)} if is_dataclass(module) else set()
    return own | set(getattr(getattr(module, "DESCRIPTOR", None), "fields_by_name", ())) | set(dir(module))


# Before any test runs: the app replaces some of these functions.
FOUND = {part: _found(part) for part in PARTS}


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_streamlit_still_has_the_part(part: Part) -> None:
    where = f"Streamlit {st.__version__}: look for it in the source of {part.module}, and adapt {part.used_by}"
    found = FOUND[part]
    assert found is not None, f"{part} is gone. {where} in streamlit_internals.py."
    missing = set(part.members) - found
    assert not missing, f"{part} has lost {', '.join(sorted(missing))}. {where} in streamlit_internals.py."


def test_no_server_means_no_session() -> None:
    assert current_session_id() is None


# What the parts do, on a real server with a page of the test's own.

PAGE = """
import threading
import time

import pyarrow as pa
import streamlit as st

from pages.parts.shared import streamlit_internals as internals

internals.guard_widget_values(lambda sent: sent.value != "refused")
internals.guard_url_values()
internals.refuse_cache_clears()
internals.keep_unsent_drawings()
internals.keep_download_ids()
internals.send_together()
internals.read_theme_once()
internals.read_single_values()
st.session_state.setdefault("empty", None)
session_id = internals.current_session_id()


@st.cache_resource
def created():
    return time.monotonic_ns()


def later(action):
    def act():
        session = internals.connected_session(session_id)
        while session.is_drawing:
            time.sleep(0.01)
        session.call_soon(act_when_sent, session, action)
    threading.Thread(target=act).start()


def act_when_sent(session, action):
    if session.is_behind:
        session.call_soon(act_when_sent, session, action)
    else:
        action(session)


def fall_behind(session):
    if session.is_behind:
        session.call_soon(fall_behind, session)
    else:
        session._session._enqueue_forward_msg(internals.message_of(layouts[0], "html waits"))
        text = f"markdown behind {session.is_behind}"
        session._session._enqueue_forward_msg(internals.message_of(layouts[1], text))


@st.cache_resource
def drawn_parts():
    return []


@st.cache_resource
def part_may_end():
    event = threading.Event()
    event.set()
    return event


def redraw_unsent(session, fragment):
    if session.is_behind:
        session.call_soon(redraw_unsent, session, fragment)
        return
    # While this function runs, the server sends nothing. The fragment is requested before the page has ended.
    part_may_end().clear()
    for redrawn in ("", fragment):
        before = len(drawn_parts())
        session.request_redraw(redrawn)
        if redrawn:
            part_may_end().set()
        while len(drawn_parts()) == before:
            time.sleep(0.01)


def redraw_ended(session, fragment):
    if session.is_behind:
        session.call_soon(redraw_ended, session, fragment)
        return
    # While this function runs, the server takes nothing from the page. The page has ended when the fragment starts.
    session.request_redraw("")
    session._session._scriptrunner._script_thread.join()
    session.request_redraw(fragment)


def draw(text, rows):
    st.html(f"html {text}")
    st.markdown(f"markdown {text}")
    st.vega_lite_chart(pa.table({"loss": rows}), {"mark": "line"})


with internals.captured_elements() as elements:
    draw("first", [1.0])
layouts = [internals.layout_of(one) for one in elements]
contents = ["html second", "markdown second", pa.table({"loss": [1.0, 2.0]})]
st.text(f"positions differ: {len(set(map(internals.position_of, elements))) == 3}")


@st.fragment
def part():
    st.session_state.setdefault("fragment", internals.current_fragment_id())
    st.session_state["part"] = st.session_state.get("part", 0) + 1
    st.text(f"part {st.session_state['part']}")
    drawn_parts().append(1)
    part_may_end().wait()


if st.button("send"):
    for layout, content in zip(layouts, contents):
        frames = internals.frame_of(internals.message_of(layout, content))
        later(lambda session, frames=frames: session.send(frames))
if st.button("fall behind"):
    later(fall_behind)
if st.button("redraw part"):
    later(lambda session, fragment=st.session_state["fragment"]: session.request_redraw(fragment))
if st.button("redraw unsent"):
    later(lambda session, fragment=st.session_state["fragment"]: redraw_unsent(session, fragment))
if st.button("redraw ended"):
    later(lambda session, fragment=st.session_state["fragment"]: redraw_ended(session, fragment))
if st.button("redraw page"):
    later(lambda session: session.request_redraw(""))
st.session_state["page"] = st.session_state.get("page", 0) + 1
st.text(f"page {st.session_state['page']}, fragment {internals.current_fragment_id()!r}")
st.text(f"drawing {internals.connected_session(session_id).is_drawing}")
st.text(f"created {created()}")
st.text(f"secret {internals.cookie_secret(st.context.cookies[internals.COOKIE]).hex()}")
st.text(f"name {st.text_input('name', 'the default', key='name')}")
st.text(f"number {st.number_input('number', 0, 9, 3, key='number', bind='query-params')}")
st.text(f"empty {st.number_input('empty', 0, 9, 3, key='empty')}")
st.text(f"keys {sorted(st.session_state)}, {len(st.session_state)}")
st.text(f"kept {st.session_state.setdefault('kept', 'ours')}")
part()
# As if the drawing of another session ended now.
ends = threading.Thread(target=internals._runtime().media_file_mgr.remove_orphaned_files)
ends.start()
ends.join()
st.download_button("file", lambda: "content", key="file")
st.text("end")
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("internals")
    script: Path = folder / "page.py"
    script.write_text(PAGE)
    with serving(folder, folder / "log", script=str(script)) as (address, _):
        yield address


@asynccontextmanager
async def _opened(address: str, query: str = "") -> AsyncIterator[Visitor]:
    async with visitor(address, query=query, cookie=browser_cookie(7)) as tab:
        await tab.until_drawn(1)
        assert not tab.exceptions, tab.exceptions
        yield tab


async def _expect(tab: Visitor, condition: Callable[[Visitor], bool], advice: str) -> None:
    try:
        await tab.until(condition)
    except TimeoutError:
        pytest.fail(f"Streamlit {st.__version__}: {advice}\n{tab.text()}")


@pytest.mark.slow
def test_a_page_knows_its_session_its_fragment_and_its_browser(address: str) -> None:
    async def check() -> None:
        async with _opened(address) as tab:
            text = tab.text()
            assert "positions differ: True" in text, "metadata.delta_path is no longer the position of an element"
            assert "fragment \\'\\'" in text, "ThreadState.get().fragment_id is no longer None outside of fragments"
            assert "drawing True" in text, "AppSession._scriptrunner is no longer set while a page runs"
            secret = cookie_secret(browser_cookie(7).removeprefix(f"{COOKIE}=")).hex()
            assert f"secret {secret}" in text, "the form of Streamlit's cookie has changed, see cookie_secret"

    asyncio.run(check())


@pytest.mark.slow
def test_a_message_from_another_thread_replaces_each_kind_of_content(address: str) -> None:
    async def check() -> None:
        async with _opened(address) as tab:
            await tab.press("send")
            for kind in ("html", "markdown"):
                expected = f"{kind} second"
                await _expect(tab, lambda tab, it=expected: it in tab.text(), f"see message_of for {kind}")
            await _expect(tab, lambda tab: _rows(tab) == 2, "see message_of for the rows of a chart")

    asyncio.run(check())


@pytest.mark.slow
def test_a_session_is_behind_until_its_messages_are_sent(address: str) -> None:
    async def check() -> None:
        async with _opened(address) as tab:
            await tab.press("fall behind")
            await _expect(tab, lambda tab: "markdown behind True" in tab.text(), "see Session.is_behind")

    asyncio.run(check())


def _rows(tab: Visitor) -> int:
    chart = next(one for one in tab.elements.values() if one.WhichOneof("type") == "vega_lite_chart")
    rows: int = pa.ipc.open_stream(chart.vega_lite_chart.data.data).read_all().num_rows
    return rows


@pytest.mark.slow
def test_the_server_redraws_a_page_or_a_fragment_without_being_asked(address: str) -> None:
    async def check() -> None:
        async with _opened(address) as tab:
            await tab.press("redraw part")
            await _expect(tab, lambda tab: "part 3" in tab.text(), "see Session.request_redraw for a fragment")
            assert "page 2" in tab.text(), "the redraw of a fragment has redrawn the page, see Session.request_redraw"
            await tab.press("redraw page")
            await _expect(tab, lambda tab: "page 4" in tab.text(), "see Session.request_redraw for a page")

    asyncio.run(check())


@pytest.mark.slow
def test_a_fragment_that_starts_keeps_what_is_not_sent_yet(address: str) -> None:
    async def check() -> None:
        async with _opened(address) as tab:
            part = next(place for place, one in tab.elements.items() if one.text.body == "part 1")
            await tab.press("redraw unsent")
            await _expect(tab, lambda tab: "part 4" in tab.text(), "see Session.request_redraw")
            assert tab.element_updates[part] == 4, "the browser removes the fragment, see keep_unsent_drawings"

    asyncio.run(check())


@pytest.mark.slow
def test_a_download_button_keeps_its_id(address: str) -> None:
    def file_id(tab: Visitor) -> str:
        buttons = [one.download_button for one in tab.elements.values() if one.WhichOneof("type") == "download_button"]
        return buttons[0].deferred_file_id

    async def check() -> None:
        async with _opened(address) as tab, _opened(address) as other:
            first = file_id(tab)
            await tab.run()
            await tab.until_drawn(2)
            assert first
            assert file_id(tab) == first, "the click of a quick visitor gets no file, see keep_download_ids"
            assert file_id(other) != first, "sessions share a download, see keep_download_ids"

    asyncio.run(check())


@pytest.mark.slow
def test_a_fragment_that_starts_after_the_page_keeps_what_the_page_has_drawn(address: str) -> None:
    async def check() -> None:
        async with _opened(address) as tab:
            await tab.press("redraw ended")
            advice = "see AppSession._create_scriptrunner and AppSession._handle_scriptrunner_event_on_event_loop"
            await _expect(tab, lambda tab: _line(tab, "page") == "page 3, fragment ''", advice)
            await _expect(tab, lambda tab: _line(tab, "part") == "part 4", advice)

    asyncio.run(check())


@pytest.mark.slow
def test_a_refused_value_leaves_the_default_and_no_value_replaces_the_session_state(address: str) -> None:
    async def check() -> None:
        async with _opened(address) as tab:
            name = next(one.text_input.id for one in tab.elements.values() if one.WhichOneof("type") == "text_input")
            await tab.set(WidgetState(id=name, string_value="allowed"))
            await _expect(tab, lambda tab: "name allowed" in tab.text(), "a widget no longer reads its value")
            await tab.set(WidgetState(id=name, string_value="refused"), WidgetState(id="kept", string_value="theirs"))
            await _expect(tab, lambda tab: "name the default" in tab.text(), "see guard_widget_values")
            assert "kept ours" in tab.text(), "see the names that guard_widget_values refuses"
            await tab.set(WidgetState(id=name, int_value=3))
            await _expect(tab, lambda tab: "name the default" in tab.text(), "see guard_widget_values")
            assert not tab.exceptions

    asyncio.run(check())


@pytest.mark.slow
@pytest.mark.parametrize(("text", "expected"), [("7", 7), ("1e999", 3), ("nan", 3)])
def test_a_number_in_the_address_that_no_widget_can_read_leaves_the_default(
    address: str, text: str, expected: int
) -> None:
    async def check() -> None:
        async with _opened(address, f"number={text}") as tab:
            assert _line(tab, "number") == f"number {expected}", "see guard_url_values"

    asyncio.run(check())


@pytest.mark.slow
def test_a_browser_cannot_clear_the_caches(address: str) -> None:
    async def check() -> None:
        async with _opened(address) as tab:
            created = _line(tab, "created")
            await tab.clear_caches()
            await tab.run()
            await tab.until_drawn(2)
            assert _line(tab, "created") == created, "see refuse_cache_clears"

    asyncio.run(check())


def _line(tab: Visitor, word: str) -> str:
    return next(one.text.body for one in tab.elements.values() if one.text.body.startswith(word))


@pytest.mark.slow
def test_a_widget_finds_its_own_value_in_the_session_state(address: str) -> None:
    async def check() -> None:
        async with _opened(address) as tab:
            advice = "a widget no longer reads its value from SafeSessionState.filtered_state"
            assert _line(tab, "empty") == "empty None", advice
            assert _line(tab, "keys") == "keys ['empty', 'name', 'number', 'page'], 4", advice

    asyncio.run(check())


def test_the_theme_is_the_same_at_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_session, "_populate_theme_msg", app_session._populate_theme_msg)
    read_theme_once()
    written = []
    for _ in range(2):
        theme = NewSession().custom_theme
        for message, section in ((theme, "theme"), (theme.dark, "theme.dark"), (theme.sidebar, "theme.sidebar")):
            app_session._populate_theme_msg(message, section)
        written.append(theme)
    assert written[0] == written[1]
    assert (written[0].primary_color, written[0].dark.primary_color) == ("#0072B2", "#4FB0E8")


def test_threads_hand_over_together_what_they_have_while_the_loop_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AppSession, "_call_soon_on_event_loop", AppSession._call_soon_on_event_loop)
    monkeypatch.setattr(AppSession, "flush_browser_queue", AppSession.flush_browser_queue)
    monkeypatch.setattr(Runtime, "_enqueued_some_message", Runtime._enqueued_some_message)
    send_together()
    session: Any = AppSession.__new__(AppSession)
    session._state = app_session.AppSessionState.SHUTDOWN_REQUESTED
    called: list[tuple[int, int]] = []

    async def check() -> None:
        loop = session._event_loop = asyncio.get_running_loop()
        woken: list[object] = []
        wake = loop.call_soon_threadsafe
        monkeypatch.setattr(loop, "call_soon_threadsafe", lambda call: (woken.append(call), wake(call)), raising=True)

        def draw(page: int) -> None:
            for number in range(1000):
                session._call_soon_on_event_loop(partial(called.append, (page, number)))

        for _ in range(2):
            pages = [threading.Thread(target=draw, args=(page,)) for page in range(3)]
            for page in pages:
                page.start()
            for page in pages:
                page.join()  # the loop is busy with waiting
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert len(woken) == 2

    asyncio.run(check())
    for page in range(3):
        assert [number for one, number in called if one == page] == list(range(1000)) * 2


# No other file uses undocumented parts.

DOCUMENTED = {"streamlit", "streamlit.errors", "streamlit.testing.v1", "streamlit.testing.v1.element_tree"}
ALLOWED = {
    ROOT / "pages/parts/shared/streamlit_internals.py",
    Path(__file__),
    ROOT / "tests/pages/conftest.py",  # keeps AppTest from reading the metadata of all packages in each test
}


def _undocumented(source: str) -> list[str]:
    """Return the undocumented parts of Streamlit that this source imports or reads from `st`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [name.name for name in names if name.name.split(".")[0] == "streamlit"]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] == "streamlit":
                found.append(module)
            case ast.Attribute(value=ast.Name(id="st"), attr=name):
                private = name.startswith("_") or isinstance(getattr(st, name, None), ModuleType)
                found += [f"streamlit.{name}"] * (private and name not in {"column_config", "components"})
    return [name for name in found if name not in DOCUMENTED]


def test_only_one_file_uses_undocumented_parts_of_streamlit() -> None:
    files = [ROOT / "app.py"]
    for folder in ("pages", "hw5core", "tools", "benchmarks", "tests"):
        files += (ROOT / folder).rglob("*.py")
    found = {str(file): names for file in files if file not in ALLOWED and (names := _undocumented(file.read_text()))}
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "import streamlit.runtime",
        "from streamlit.proto.Element_pb2 import Element",
        "import streamlit as st\nst.runtime.get_instance()",
        "import streamlit as st\nst._main",
    ],
)
def test_the_check_of_the_files_can_fail(source: str) -> None:
    assert _undocumented(source)
