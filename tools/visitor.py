"""A browser tab without a browser: a visitor that speaks Streamlit's protocol over a real websocket.

Tests and measurements use a hundred of them. A visitor does what the script of Streamlit's web page does: it takes the
cookie, requests the page, sends the values of all widgets with each request, and requests timed fragments again.
"""

import asyncio
import os
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from pages.parts.shared.streamlit_internals import COOKIE, BackMsg, Element, ForwardMsg, NumberInput, WidgetState
from tools.waiting import PATIENCE_SECONDS

_MAX_CACHED = 100
_MAX_BYTES = 2**26  # a chart of hundreds of points is larger than the library's default allows


class Visitor:
    """One tab.

    elements: what the page shows, by position
    fragments: the id of the fragment to which the element at each position belongs; "" for none
    menu: the titles in the navigation menu
    not_found: True once the server has reported the address as unknown
    widget_states: the values of the widgets
    repeats: whether timed fragments are requested again
    page_runs, fragment_runs: when each run of the page or of a fragment ended, in seconds of time.monotonic()
    element_updates: how often each position has received an element
    requests, bytes_received: how many requests were sent, and how many bytes received
    """

    def __init__(self, connection: ClientConnection, address: str, page: str, query: str) -> None:
        self.elements: dict[tuple[int, ...], Element] = {}
        self.fragments: dict[tuple[int, ...], str] = {}
        self.menu: list[str] = []
        self.not_found = False
        self.widget_states: dict[str, WidgetState] = {}
        self.repeats = True
        self.page_runs: list[float] = []
        self.fragment_runs: list[float] = []
        self.element_updates: Counter[tuple[int, ...]] = Counter()
        self.requests = 0
        self.bytes_received = 0
        self._connection = connection
        self._closed = False
        self._url = f"{address}/{page}"
        self._page = page
        self._query = query
        self._page_hash = ""
        self._cached: dict[str, Element] = {}
        self._drawn: set[tuple[int, ...]] = set()
        self._draws_page = False
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._received = asyncio.Event()

    async def run(self, fragment: str = "", trigger: WidgetState | None = None) -> None:
        """Request the page, or one fragment of it. `trigger` is the state of a button that was pressed."""
        message = BackMsg()
        request = message.rerun_script
        request.query_string, request.page_script_hash, request.fragment_id = self._query, self._page_hash, fragment
        request.page_name = "" if self._page_hash else self._page
        request.is_auto_rerun = bool(fragment) and trigger is None
        request.widget_states.widgets.extend([*self.widget_states.values(), *([trigger] if trigger else [])])
        request.cached_message_hashes.extend(self._cached)
        context = request.context_info
        context.timezone, context.locale, context.url, context.color_scheme = "UTC", "en-US", self._url, "light"
        self.requests += 1
        await self.send(message)

    async def send(self, message: BackMsg) -> None:
        """Send any message to the server."""
        await self._connection.send(message.SerializeToString())

    async def clear_caches(self) -> None:
        """Ask the server to clear its caches, as the menu of Streamlit's development mode does."""
        await self.send(BackMsg(clear_cache=True))

    async def open(self, page: str, query: str = "") -> None:
        """Open another page in this tab, and wait until it is drawn."""
        self._stop(list(self._timers))
        self.widget_states.clear()
        self._page, self._query, self._page_hash = page, query, ""
        drawn = len(self.page_runs)
        await self.run()
        await self.until_drawn(drawn + 1)

    async def press(self, label: str) -> None:
        """Press the button with this label."""
        button = next(one.button for one in self.elements.values() if one.button.label == label)
        await self.run(trigger=WidgetState(id=button.id, trigger_value=True))

    async def toggle(self, label: str) -> None:
        """Switch the toggle with this label."""
        toggle = next(one.checkbox for one in self.elements.values() if one.checkbox.label == label)
        await self.set(WidgetState(id=toggle.id, bool_value=not self.checked(label)))

    async def set(self, *states: WidgetState) -> None:
        """Change the values of these widgets, and request the page."""
        self.widget_states |= {state.id: state for state in states}
        await self.run()

    async def until_drawn(self, runs: int) -> None:
        """Wait until the page has been drawn `runs` times since this tab was opened."""
        await self.until(lambda tab: len(tab.page_runs) >= runs)

    async def until(self, condition: Callable[["Visitor"], bool]) -> None:
        """Wait until the condition is true. Raises TimeoutError, or ConnectionError if the server ends first."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not condition(self):
                    if self._closed:
                        raise ConnectionError("the server has closed the connection")
                    self._received.clear()
                    await self._received.wait()
        except TimeoutError as error:
            raise TimeoutError(f"the condition has not become true; the page shows:\n{self.text()}") from error

    def text(self) -> str:
        """Return all elements of the page as text, to search in."""
        return "\n".join(map(str, self.elements.values()))

    @property
    def buttons(self) -> list[str]:
        """The labels of all enabled buttons."""
        shown = [one.button for one in self.elements.values() if one.WhichOneof("type") == "button"]
        return [button.label for button in shown if not button.disabled]

    def checked(self, label: str) -> bool:
        """Return True if the toggle with this label is on."""
        toggle = next(one.checkbox for one in self.elements.values() if one.checkbox.label == label)
        return self.widget_states[toggle.id].bool_value

    @property
    def timed_fragments(self) -> list[str]:
        """The ids of the fragments that a browser requests again, and without which it stays on its old page after a
        lost connection."""
        return list(self._timers)

    @property
    def heading(self) -> str:
        """The heading at the top of the page."""
        headings = [one.heading for one in self.elements.values() if one.heading.tag == "h1"]
        return headings[0].body if headings else ""

    @property
    def exceptions(self) -> list[str]:
        """The errors that the page shows because its code has raised them."""
        return [str(one.exception) for one in self.elements.values() if one.WhichOneof("type") == "exception"]

    def vanish(self) -> None:
        """Break the connection without closing it, like a laptop when its lid is closed."""
        self._stop(list(self._timers))
        self._connection.transport.abort()

    async def listen(self) -> None:
        """Receive messages until the connection ends."""
        try:
            async for data in self._connection:
                assert isinstance(data, bytes)
                self.bytes_received += len(data)
                message = ForwardMsg()
                message.ParseFromString(data)
                self._handle(message)
                self._received.set()
        except ConnectionClosed:
            pass
        finally:
            self._stop(list(self._timers))
            self._closed = True
            self._received.set()

    def _handle(self, message: ForwardMsg) -> None:
        match message.WhichOneof("type"):
            case "new_session":
                self._page_hash = message.new_session.page_script_hash
                self._begin(message)
            case "navigation":
                self._page_hash = message.navigation.page_script_hash or self._page_hash
                pages = message.navigation.app_pages
                self.menu = [page.page_name for page in pages if not page.is_hidden]
            case "page_not_found":
                self.not_found = True
            case "page_info_changed":
                self._query = message.page_info_changed.query_string
            case "delta" if message.delta.HasField("new_element"):
                self.fragments[tuple(message.metadata.delta_path)] = message.delta.fragment_id
                self._show(message, message.delta.new_element)
            case "ref_hash":
                self._show(message, self._cached[message.ref_hash])
            case "auto_rerun":
                self._repeat(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "stop_auto_rerun":
                self._stop(list(message.stop_auto_rerun.fragment_ids))
            case "script_finished":
                self._finish(message)

    def _begin(self, message: ForwardMsg) -> None:
        if message.metadata.run.fragment_ids:
            # If a fragment is requested at the moment at which the page has been drawn, Streamlit does not report the
            # end of the page's run. If a widget requests only a fragment, the page was not drawn.
            if self._drawn:
                self._finish_page()
            self._draws_page = False
        else:
            self._drawn.clear()
            self._draws_page = True

    def _finish_page(self) -> None:
        """Record that the page is drawn, and remove the elements that it no longer has."""
        if self._draws_page:
            self._draws_page = False
            self.elements = {place: shown for place, shown in self.elements.items() if place in self._drawn}
            self.page_runs.append(time.monotonic())

    def _show(self, message: ForwardMsg, element: Element) -> None:
        place = tuple(message.metadata.delta_path)
        self.elements[place] = element
        self.element_updates[place] += 1
        self._drawn.add(place)
        if message.metadata.cacheable:
            self._cached[message.hash] = element
        state = _initial_state(element)
        if state:
            self.widget_states.setdefault(state.id, state)

    def _finish(self, message: ForwardMsg) -> None:
        if message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
            self.fragment_runs.append(time.monotonic())
        elif message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            self._finish_page()
        # A browser caches the messages of two runs, and the server may refer to any that the last request named.
        self._cached = dict(list(self._cached.items())[-_MAX_CACHED:])

    def _repeat(self, fragment: str, seconds: float) -> None:
        self._stop([fragment])
        self._timers[fragment] = asyncio.create_task(self._ask_again(fragment, seconds))

    async def _ask_again(self, fragment: str, seconds: float) -> None:
        """Request the fragment at fixed intervals, like a browser, even if the server has not answered yet."""
        due = time.monotonic()
        try:
            while True:
                due += seconds
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if self.repeats:
                    await self.run(fragment)
        except ConnectionClosed:
            return

    def _stop(self, fragments: list[str]) -> None:
        for fragment in fragments:
            timer = self._timers.pop(fragment, None)
            if timer:
                timer.cancel()


@asynccontextmanager
async def visitor(
    address: str, page: str = "", query: str = "", cookie: str = "", forwarded_for: str = ""
) -> AsyncIterator[Visitor]:
    """Open `page` in a new tab. Tabs with the same cookie belong to the same browser.

    `forwarded_for` is the network address that a reverse proxy would report for the browser.
    """
    cookie = cookie or await asyncio.to_thread(_cookie, address)
    token = cookie.partition("=")[2]
    async with connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        origin=address,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie} | ({"X-Forwarded-For": forwarded_for} if forwarded_for else {}),
        subprotocols=[Subprotocol("streamlit"), Subprotocol(token)],
        max_size=_MAX_BYTES,
        ping_interval=None,
        open_timeout=PATIENCE_SECONDS,
    ) as connection:
        tab = Visitor(connection, address, page, query)
        listening = asyncio.create_task(tab.listen())
        try:
            await tab.run()
            yield tab
        finally:
            # Before the tab stops reading: with unread messages, closing would wait for its time limit.
            await connection.close()
            listening.cancel()


def browser_cookie(number: int) -> str:
    """Return a cookie like Streamlit's. Visits with the same number belong to the same browser."""
    mask, secret = os.urandom(4), number.to_bytes(16, "big")
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(secret))
    return f"{COOKIE}=2|{mask.hex()}|{masked.hex()}|1700000000"


def _cookie(address: str) -> str:
    """Return the cookie that the server sets on a browser's first request."""
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=PATIENCE_SECONDS) as response:
        cookies: list[str] = response.headers.get_all("Set-Cookie") or []
    return next((cookie.split(";")[0] for cookie in cookies if cookie.startswith(COOKIE)), "")


def _initial_state(element: Element) -> WidgetState | None:
    """Return the state of an untouched widget, or None if the element has none."""
    kind = element.WhichOneof("type") or ""
    widget: Any = getattr(element, kind, None)
    state = WidgetState(id=getattr(widget, "id", ""))
    match kind:
        case "number_input" if not widget.set_value and not widget.HasField("default"):
            return None
        case "number_input":
            name = "int_value" if widget.data_type == NumberInput.INT else "double_value"
            number = widget.value if widget.set_value else widget.default
            setattr(state, name, int(number) if name == "int_value" else number)
        case "button_group":
            chosen = [widget.options[place].content for place in widget.default]
            state.string_array_value.data.extend(widget.raw_values if widget.set_value else chosen)
        case "multiselect":
            chosen = [widget.options[place] for place in widget.default]
            state.string_array_value.data.extend(widget.raw_values if widget.set_value else chosen)
        case "selectbox" | "radio":
            default = widget.options[widget.default] if widget.HasField("default") and widget.options else ""
            state.string_value = widget.raw_value if widget.set_value else default
        case "text_input":
            state.string_value = widget.value if widget.set_value else widget.default
        case "checkbox":
            state.bool_value = widget.value if widget.set_value else widget.default
        case _:
            return None
    return state
