"""A browser tab without the browser: a visitor who speaks Streamlit's protocol over a real websocket, for measurements
and tests that need a hundred of them.

It does what the page's own script does: takes the cookie, asks for the page, keeps what every widget says and sends it
with each request, and asks for a fragment again whenever its interval is over.
"""

import asyncio
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

_MAX_BYTES = 2**26  # a chart of hundreds of points is larger than the library's default allows


class Visitor:
    """One tab. `elements` is what the page shows, by the place that Streamlit gave each; `finished` when each run of
    the page ended, `updates` when each run of a fragment did, in seconds of time.monotonic(); `received` counts bytes,
    `sent` how often each place was sent something to show, `asked` how often it has asked for anything.
    `said` is what every widget says. Not `watching`, it asks for no fragment again. `menu` holds the titles in the
    navigation menu; `not_found` says whether the server has reported the address as unknown.
    """

    def __init__(self, connection: ClientConnection, address: str, page: str, query: str) -> None:
        self.elements: dict[tuple[int, ...], Element] = {}
        self.finished: list[float] = []
        self.updates: list[float] = []
        self.sent: Counter[tuple[int, ...]] = Counter()
        self.received = 0
        self.asked = 0
        self.watching = True
        self.menu: list[str] = []
        self.not_found = False
        self._connection = connection
        self._url = f"{address}/{page}"
        self._page = page
        self._query = query
        self._page_hash = ""
        self.said: dict[str, WidgetState] = {}
        self._cached: dict[str, Element] = {}
        self._drawn: set[tuple[int, ...]] = set()
        self._draws_page = False
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()

    async def run(self, fragment: str = "", trigger: WidgetState | None = None) -> None:
        """Ask for the page, or for one fragment of it, with what all widgets say; `trigger` is the one just pressed."""
        message = BackMsg()
        wish = message.rerun_script
        wish.query_string, wish.page_script_hash, wish.fragment_id = self._query, self._page_hash, fragment
        wish.page_name = "" if self._page_hash else self._page
        wish.is_auto_rerun = bool(fragment) and trigger is None
        wish.widget_states.widgets.extend([*self.said.values(), *([trigger] if trigger else [])])
        wish.cached_message_hashes.extend(self._cached)
        context = wish.context_info
        context.timezone, context.locale, context.url, context.color_scheme = "UTC", "en-US", self._url, "light"
        self.asked += 1
        await self.send(message)

    async def send(self, message: BackMsg) -> None:
        """Say anything to the server."""
        await self._connection.send(message.SerializeToString())

    async def clear_caches(self) -> None:
        """Ask the server to clear its caches, as the menu of Streamlit's development mode does."""
        await self.send(BackMsg(clear_cache=True))

    async def open(self, page: str, query: str = "") -> None:
        """Go to another page in the same tab, and wait until it is drawn."""
        self._stop(list(self._timers))
        self.said.clear()
        self._page, self._query, self._page_hash = page, query, ""
        drawn = len(self.finished)
        await self.run()
        await self.until_drawn(drawn + 1)

    async def press(self, label: str) -> None:
        """Press the button with this label, as it is on the page now."""
        button = next(one.button for one in self.elements.values() if one.button.label == label)
        await self.run(trigger=WidgetState(id=button.id, trigger_value=True))

    async def toggle(self, label: str) -> None:
        """Turn the toggle with this label to the other side."""
        toggle = next(one.checkbox for one in self.elements.values() if one.checkbox.label == label)
        await self.set(WidgetState(id=toggle.id, bool_value=not self.said[toggle.id].bool_value))

    async def set(self, *states: WidgetState) -> None:
        """Turn widgets, one's state each."""
        self.said |= {state.id: state for state in states}
        await self.run()

    async def until_drawn(self, runs: int) -> None:
        """Wait until the page has been drawn so many times."""
        await self.until(lambda tab: len(tab.finished) >= runs)

    async def until(self, true: Callable[["Visitor"], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until something is true of this visitor. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not true(self):
                self._news.clear()
                await self._news.wait()

    def text(self) -> str:
        """All words on the page, one element a line: enough to find something in."""
        return "\n".join(map(str, self.elements.values()))

    @property
    def buttons(self) -> list[str]:
        """The labels of all buttons that can be pressed."""
        shown = [one.button for one in self.elements.values() if one.WhichOneof("type") == "button"]
        return [button.label for button in shown if not button.disabled]

    @property
    def heading(self) -> str:
        """The heading at the top of the page."""
        headings = [one.heading for one in self.elements.values() if one.heading.tag == "h1"]
        return headings[0].body if headings else ""

    @property
    def exceptions(self) -> list[str]:
        """What went wrong in the page's own code, if anything did."""
        return [str(one.exception) for one in self.elements.values() if one.WhichOneof("type") == "exception"]

    def vanish(self) -> None:
        """Be gone without a word, as a laptop whose lid is closed."""
        self._stop(list(self._timers))
        self._connection.transport.abort()

    async def listen(self) -> None:
        """Take in what the server sends, until the connection ends."""
        try:
            async for data in self._connection:
                assert isinstance(data, bytes)
                self.received += len(data)
                message = ForwardMsg()
                message.ParseFromString(data)
                self._take(message)
                self._news.set()
        except ConnectionClosed:
            pass
        finally:
            self._stop(list(self._timers))

    def _take(self, message: ForwardMsg) -> None:
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
            # When a fragment's turn comes at just that moment, Streamlit leaves out that the page was drawn; when a
            # control asks for a fragment alone, nothing of the page was.
            if self._drawn:
                self._finish_page()
            self._draws_page = False
        else:
            self._drawn.clear()
            self._draws_page = True

    def _finish_page(self) -> None:
        """The whole page is drawn: what was not drawn again is gone."""
        if self._draws_page:
            self._draws_page = False
            self.elements = {place: shown for place, shown in self.elements.items() if place in self._drawn}
            self.finished.append(time.monotonic())

    def _show(self, message: ForwardMsg, element: Element) -> None:
        place = tuple(message.metadata.delta_path)
        self.elements[place] = element
        self.sent[place] += 1
        self._drawn.add(place)
        if message.metadata.cacheable:
            self._cached[message.hash] = element
        state = _state_at_rest(element)
        if state:
            self.said.setdefault(state.id, state)

    def _finish(self, message: ForwardMsg) -> None:
        if message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
            self.updates.append(time.monotonic())
        elif message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            self._finish_page()
        # The page's script keeps a message for two runs; here those of the newest run are enough to be known.
        self._cached = dict(list(self._cached.items())[-8:])

    def _repeat(self, fragment: str, seconds: float) -> None:
        self._stop([fragment])
        self._timers[fragment] = asyncio.create_task(self._ask_again(fragment, seconds))

    async def _ask_again(self, fragment: str, seconds: float) -> None:
        """As the page's script does it: at fixed intervals, whether the server has answered or not."""
        due = time.monotonic()
        try:
            while True:
                due += seconds
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if self.watching:
                    await self.run(fragment)
        except ConnectionClosed:
            return

    def _stop(self, fragments: list[str]) -> None:
        for fragment in fragments:
            timer = self._timers.pop(fragment, None)
            if timer:
                timer.cancel()


@asynccontextmanager
async def visitor(address: str, page: str = "", query: str = "", cookie: str = "") -> AsyncIterator[Visitor]:
    """A tab that opens `page` at this address; with another's cookie, it is the same browser's."""
    cookie = cookie or await asyncio.to_thread(_cookie, address)
    token = cookie.partition("=")[2]
    async with connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        origin=address,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie},
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
            listening.cancel()


def _cookie(address: str) -> str:
    """The cookie that the server gives every browser, as a browser gets it: with the first question it asks."""
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=PATIENCE_SECONDS) as answer:
        given: list[str] = answer.headers.get_all("Set-Cookie") or []
    return next((one.split(";")[0] for one in given if one.startswith(COOKIE)), "")


def _state_at_rest(element: Element) -> WidgetState | None:
    """What a widget says before anybody has touched it; None for what says nothing."""
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
            resting = widget.options[widget.default] if widget.HasField("default") and widget.options else ""
            state.string_value = widget.raw_value if widget.set_value else resting
        case "text_input":
            state.string_value = widget.value if widget.set_value else widget.default
        case "checkbox":
            state.bool_value = widget.value if widget.set_value else widget.default
        case _:
            return None
    return state
