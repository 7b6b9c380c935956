"""Publishing to a hundred sessions: each content is read once, and each session receives what has changed, once."""

from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.uri import parse_uri

from pages.parts.shared import publishing
from pages.parts.shared.publishing import REDRAWS_PER_SECOND, Publisher, Subscription
from pages.parts.shared.streamlit_internals import ForwardMsg, layout_of

ROWS = [pa.table({"loss": [2.3, 2.2][:many]}) for many in (1, 2)]


class Session:
    """A session as the publisher sees it. `sent` and `redrawn` are what its browser was sent and had to redraw."""

    def __init__(self, name: str) -> None:
        self.id = name
        self.sent: list[ForwardMsg] = []
        self.redrawn: list[str] = []
        self.is_drawing = False
        self.is_behind = False

    def send(self, frames: bytes) -> None:
        connection = ClientProtocol(parse_uri("ws://server"), state=State.OPEN)
        connection.receive_data(frames)
        self.sent += [ForwardMsg.FromString(frame.data) for frame in connection.events_received()]

    def request_redraw(self, fragment: str) -> None:
        self.redrawn.append(fragment)

    def call_soon(self, function: Any, *arguments: Any) -> None:
        function(*arguments)

    @property
    def texts(self) -> list[str]:
        return [message.delta.new_element.html.body for message in self.sent]


class Race:
    """Content that everyone watches. `reads` counts how often it was read."""

    def __init__(self) -> None:
        self.now: Any = ("2.3", ROWS[0])
        self.reads = 0

    def __call__(self) -> Any:
        self.reads += 1
        return self.now


@pytest.fixture
def hall() -> dict[str, Session]:
    """The connected sessions, by id."""
    return {name: Session(name) for name in map(str, range(100))}


@pytest.fixture
def publisher(hall: dict[str, Session]) -> Publisher:
    return Publisher(find_session=hall.get)


def _layout(position: int) -> tuple[bytes, ...]:
    """The layout of a text with a chart below it."""
    text, chart = ForwardMsg(), ForwardMsg()
    text.delta.new_element.html.body = "any"
    chart.delta.new_element.vega_lite_chart.spec = "{}"
    for row, message in enumerate((text, chart)):
        message.metadata.delta_path.extend([0, position, row])
    return layout_of(text), layout_of(chart)


def _elements(race: Race, fragment: str = "live", position: int = 0) -> Subscription:
    """A subscription that replaces a text and a chart."""
    return Subscription(race, (), race.now, fragment, _layout(position), (fragment, position))


def _redraw(race: Race, fragment: str = "") -> Subscription:
    """A subscription that redraws the fragment, or the page."""
    return Subscription(race, (), race.now, fragment, None, (fragment, None))


def test_a_hundred_sessions_share_one_reading_and_one_message(hall: dict[str, Session], publisher: Publisher) -> None:
    race = Race()
    for name in hall:
        publisher.subscriptions(name).add(_elements(race))
    publisher.publish(1)
    assert race.reads == 1
    assert not any(session.sent for session in hall.values())
    race.now = ("2.2", ROWS[1])
    for _ in range(3):
        publisher.publish(1)
    assert race.reads == 4
    assert all(session.sent == hall["0"].sent for session in hall.values())
    assert hall["0"].texts == ["2.2", ""]


def test_a_page_that_is_drawing_receives_the_change_afterwards(hall: dict[str, Session], publisher: Publisher) -> None:
    race = Race()
    publisher.subscriptions("0").add(_elements(race))
    race.now, hall["0"].is_drawing = ("2.2", ROWS[1]), True
    publisher.publish(1)
    assert hall["0"].sent == []
    hall["0"].is_drawing = False
    publisher.publish(1)
    assert hall["0"].texts == ["2.2", ""]


def test_a_slow_browser_receives_only_what_is_newest_when_it_is_ready(
    hall: dict[str, Session], publisher: Publisher
) -> None:
    race = Race()
    publisher.subscriptions("0").add(_elements(race))
    hall["0"].is_behind = True
    for race.now in (("2.2", ROWS[1]), ("2.1", ROWS[1])):
        publisher.publish(1)
    assert hall["0"].sent == []
    hall["0"].is_behind = False
    publisher.publish(1)
    assert hall["0"].texts == ["2.1", ""]


def test_a_page_receives_nothing_for_what_it_no_longer_shows(hall: dict[str, Session], publisher: Publisher) -> None:
    race = Race()
    for name in ("0", "1"):
        publisher.subscriptions(name).add(_elements(race))
    publisher.end("0")
    # The fragment redraws, and this time without the race.
    publisher.subscriptions("1").add(_redraw(Race(), fragment="live"))
    race.now = ("2.2", ROWS[1])
    publisher.publish(1)
    assert hall["0"].sent == hall["1"].sent == []


def test_a_new_chart_replaces_the_one_at_its_position(hall: dict[str, Session], publisher: Publisher) -> None:
    zoomed, whole, below = Race(), Race(), Race()
    for subscription in (_elements(whole), _elements(below, position=1), _elements(zoomed)):
        publisher.subscriptions("0").add(subscription)
    zoomed.now, whole.now, below.now = ("2.2", ROWS[1]), ("2.1", ROWS[1]), ("2.0", ROWS[1])
    publisher.publish(1)
    assert set(hall["0"].texts) == {"2.2", "2.0", ""}


def test_a_session_continues_after_a_short_break_but_not_after_a_long_one(
    hall: dict[str, Session], publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    race = Race()
    asleep = hall.pop("0")
    publisher.subscriptions(asleep.id).add(_elements(race))
    race.now = ("2.2", ROWS[1])
    publisher.publish(1)
    assert asleep.sent == []
    hall["0"] = asleep
    publisher.publish(1)
    assert len(asleep.sent) == 2
    del hall["0"]
    monkeypatch.setattr(publishing, "UNREACHABLE_SECONDS", -1)
    publisher.publish(1)
    hall["0"], race.now = asleep, ("2.1", ROWS[0])
    publisher.publish(1)
    assert len(asleep.sent) == 2


def test_pages_redraw_a_few_at_a_time_and_each_once(hall: dict[str, Session], publisher: Publisher) -> None:
    race = Race()
    for name in hall:
        publisher.subscriptions(name).add(_redraw(race))
    race.now = "finished"
    redrawn = []
    for _ in range(2 * 100 // int(REDRAWS_PER_SECOND)):
        publisher.publish(1)
        redrawn.append(sum(len(session.redrawn) for session in hall.values()))
    assert max(later - before for before, later in pairwise([0, *redrawn])) <= REDRAWS_PER_SECOND
    assert [session.redrawn for session in hall.values()] == [[""]] * 100


def test_a_page_that_waits_to_redraw_receives_nothing_else(hall: dict[str, Session], publisher: Publisher) -> None:
    race, page, details = Race(), Race(), Race()
    publisher.subscriptions("0").add(_redraw(page))
    publisher.subscriptions("0").add(_elements(race))
    publisher.subscriptions("0").add(_redraw(details, fragment="details"))
    publisher.subscriptions("0").add(_elements(race, fragment="details"))
    race.now, details.now = ("2.2", ROWS[1]), "one epoch"
    publisher.publish(0)
    assert (len(hall["0"].sent), hall["0"].redrawn) == (2, []), "the other fragment is not concerned"
    page.now, race.now = "finished", ("2.1", ROWS[0])
    publisher.publish(0)
    assert (len(hall["0"].sent), hall["0"].redrawn) == (2, [])
    publisher.publish(1)
    assert (len(hall["0"].sent), hall["0"].redrawn) == (2, [""])


def test_content_with_another_number_of_parts_redraws_the_fragment(
    hall: dict[str, Session], publisher: Publisher
) -> None:
    race, forks = Race(), Race()
    forks.now = ()
    publisher.subscriptions("0").add(_elements(race))
    publisher.subscriptions("0").add(Subscription(forks, (), (), "details", (), "forks"))
    race.now, forks.now = ("2.2",), ("started",)
    for _ in range(2):
        publisher.publish(1)
    assert hall["0"].sent == []
    assert sorted(hall["0"].redrawn) == ["details", "live"]


def test_content_that_cannot_be_read_stays_and_the_rest_is_published(
    hall: dict[str, Session], publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    race = Race()

    def broken() -> Any:
        raise OSError("no such file")

    publisher.subscriptions("0").add(Subscription(broken, (), ("2.3", ROWS[0]), "live", (), "broken"))
    publisher.subscriptions("1").add(_elements(race))
    race.now = ("2.2", ROWS[1])
    publisher.publish(1)
    assert hall["0"].redrawn == []
    assert len(hall["1"].sent) == 2
    assert "no such file" in caplog.text
