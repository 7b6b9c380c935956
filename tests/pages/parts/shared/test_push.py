"""What all those are sent who have the same on their pages is made once, and is what drawing anew would have sent."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from streamlit.dataframe_util import convert_arrow_table_to_arrow_bytes
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.parts.shared import push
from pages.parts.shared.push import REDRAWS_A_SECOND, Kept, Pusher, _emptied, _filled

ROWS = [pa.table({"loss": [2.3, 2.2][:many]}) for many in (1, 2)]


def _drawn(words: str, rows: pa.Table, place: int = 0) -> tuple[ForwardMsg, ForwardMsg]:
    """As a page draws HTML and a chart below it."""
    html, chart = ForwardMsg(hash="told before"), ForwardMsg(hash="told before")
    html.delta.new_element.html.body = words
    chart.delta.new_element.vega_lite_chart.spec = "{}"
    chart.delta.new_element.vega_lite_chart.data.data = convert_arrow_table_to_arrow_bytes(rows)
    for below, message in enumerate((html, chart)):
        message.metadata.delta_path.extend([0, place, below])
    return html, chart


def test_pages_that_are_alike_have_one_layout_whatever_they_show() -> None:
    first, later, other = (
        tuple(map(_emptied, messages))
        for messages in (_drawn("2.3", ROWS[0]), _drawn("2.2", ROWS[1]), _drawn("2.2", ROWS[1], place=1))
    )
    assert first == later != other


def test_what_is_sent_is_what_drawing_anew_would_send() -> None:
    layout = tuple(map(_emptied, _drawn("2.3", ROWS[0])))
    sent = _filled(layout, ("2.2", ROWS[1]))
    for message, drawn in zip(sent, _drawn("2.2", ROWS[1]), strict=True):
        assert message.delta == drawn.delta
        assert message.metadata.delta_path == drawn.metadata.delta_path
        assert message.hash not in ("", drawn.hash)
        assert not message.metadata.cacheable


class Browser:
    """A session as the server has it: what it was sent, and how often it was asked to draw anew, and what."""

    def __init__(self, name: str) -> None:
        self.id = name
        self.sent: list[ForwardMsg] = []
        self.redrawn: list[str] = []
        self._scriptrunner: object = None
        self._client_state = ClientState(query_string="seed=3")
        self._event_loop = SimpleNamespace(call_soon_threadsafe=lambda function, *what: function(*what))

    def _enqueue_forward_msg(self, message: ForwardMsg) -> None:
        self.sent.append(message)

    def request_rerun(self, wish: ClientState) -> None:
        assert wish.query_string == "seed=3"
        self.redrawn.append(wish.fragment_id)


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch) -> dict[str, Browser]:
    """The browsers that the server can reach, by session."""
    browsers = {name: Browser(name) for name in map(str, range(100))}
    monkeypatch.setattr(push, "_runtime", lambda: SimpleNamespace(get_app_session=browsers.get))
    return browsers


class Race:
    """What everybody looks at; `looked` counts how often."""

    def __init__(self) -> None:
        self.now: Any = ("2.3", ROWS[0])
        self.looked = 0

    def __call__(self) -> Any:
        self.looked += 1
        return self.now


def _watched(race: Race, fragment: str = "live", place: int = 0) -> Kept:
    return Kept(race, (), race.now, fragment, tuple(map(_emptied, _drawn(*race.now))), (fragment, place))


def _redrawn(race: Race, fragment: str = "") -> Kept:
    return Kept(race, (), race.now, fragment, None, (fragment, None))


def test_a_hundred_are_sent_the_same_message_made_once_and_only_when_there_is_news(hall: dict[str, Browser]) -> None:
    pusher, race = Pusher(), Race()
    for name in hall:
        pusher.page(name).keep(_watched(race))
    pusher.look(1)
    assert (race.looked, [one.sent for one in hall.values()]) == (1, [[]] * 100)
    race.now = ("2.2", ROWS[1])
    for _ in range(3):
        pusher.look(1)
    assert race.looked == 4
    assert {tuple(map(id, one.sent)) for one in hall.values()} == {tuple(map(id, hall["0"].sent))}
    assert [message.delta.new_element.html.body for message in hall["0"].sent] == ["2.2", ""]


def test_a_page_that_is_being_drawn_is_sent_nothing_and_afterwards_what_it_missed(hall: dict[str, Browser]) -> None:
    pusher, race = Pusher(), Race()
    pusher.page("0").keep(_watched(race))
    race.now, hall["0"]._scriptrunner = ("2.2", ROWS[1]), object()
    pusher.look(1)
    assert hall["0"].sent == []
    hall["0"]._scriptrunner = None
    pusher.look(1)
    assert len(hall["0"].sent) == 2


def test_what_is_no_longer_on_the_page_is_not_sent(hall: dict[str, Browser]) -> None:
    pusher, race = Pusher(), Race()
    for name in ("0", "1"):
        pusher.page(name).keep(_watched(race))
    pusher.forget("0")
    # The fragment is drawn anew, and does not show it this time.
    pusher.page("1").keep(_redrawn(Race(), fragment="live"))
    race.now = ("2.2", ROWS[1])
    pusher.look(1)
    assert hall["0"].sent == hall["1"].sent == []


def test_what_is_drawn_in_its_place_is_sent_instead(hall: dict[str, Browser]) -> None:
    pusher, zoomed, whole, below = Pusher(), Race(), Race(), Race()
    for kept in (_watched(whole), _watched(below, place=1), _watched(zoomed)):
        pusher.page("0").keep(kept)
    zoomed.now, whole.now, below.now = ("2.2", ROWS[1]), ("2.1", ROWS[1]), ("2.0", ROWS[1])
    pusher.look(1)
    assert {message.delta.new_element.html.body for message in hall["0"].sent} == {"2.2", "2.0", ""}


def test_who_cannot_be_reached_for_a_while_goes_on_and_for_long_is_forgotten(
    hall: dict[str, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    pusher, race = Pusher(), Race()
    asleep = hall.pop("0")
    pusher.page(asleep.id).keep(_watched(race))
    race.now = ("2.2", ROWS[1])
    pusher.look(1)
    assert asleep.sent == []
    hall["0"] = asleep
    pusher.look(1)
    assert len(asleep.sent) == 2
    del hall["0"]
    monkeypatch.setattr(push, "GONE_SECONDS", -1)
    pusher.look(1)
    hall["0"], race.now = asleep, ("2.1", ROWS[0])
    pusher.look(1)
    assert len(asleep.sent) == 2


def test_pages_are_drawn_anew_a_few_at_a_time_and_each_once(hall: dict[str, Browser]) -> None:
    pusher, race = Pusher(), Race()
    for name in hall:
        pusher.page(name).keep(_redrawn(race))
    race.now = "it is over"
    drawn = []
    for _ in range(2 * 100 // int(REDRAWS_A_SECOND)):
        pusher.look(1)
        drawn.append(sum(len(one.redrawn) for one in hall.values()))
    assert max(later - before for before, later in pairwise([0, *drawn])) <= REDRAWS_A_SECOND
    assert [one.redrawn for one in hall.values()] == [[""]] * 100


def test_nothing_is_sent_to_a_page_that_waits_to_be_drawn_anew(hall: dict[str, Browser]) -> None:
    pusher, race, page, told = Pusher(), Race(), Race(), Race()
    for kept in (_redrawn(page), _watched(race), _redrawn(told, fragment="told"), _watched(race, fragment="told")):
        pusher.page("0").keep(kept)
    race.now, told.now = ("2.2", ROWS[1]), "the first epoch has ended"
    pusher.look(0)
    assert (len(hall["0"].sent), hall["0"].redrawn) == (2, []), "the other fragment is sent its own"
    page.now, race.now = "it is over", ("2.1", ROWS[0])
    pusher.look(0)
    assert (len(hall["0"].sent), hall["0"].redrawn) == (2, [])
    pusher.look(1)
    assert (len(hall["0"].sent), hall["0"].redrawn) == (2, [""])


def test_another_number_of_parts_has_the_fragment_drawn_anew(hall: dict[str, Browser]) -> None:
    pusher, race, branches = Pusher(), Race(), Race()
    branches.now = ()
    pusher.page("0").keep(_watched(race))
    pusher.page("0").keep(Kept(branches, (), (), "told", (), "branches"))
    race.now, branches.now = ("2.2",), ("it has begun",)
    for _ in range(2):
        pusher.look(1)
    assert (hall["0"].sent, hall["0"].redrawn) == ([], ["live", "told"])


def test_what_cannot_be_looked_at_stays_as_it_is_and_the_rest_goes_on(
    hall: dict[str, Browser], caplog: pytest.LogCaptureFixture
) -> None:
    pusher, race = Pusher(), Race()

    def broken() -> Any:
        raise OSError("no such file")

    pusher.page("0").keep(Kept(broken, (), ("2.3", ROWS[0]), "live", (), "broken"))
    pusher.page("1").keep(_watched(race))
    race.now = ("2.2", ROWS[1])
    pusher.look(1)
    assert hall["0"].redrawn == []
    assert len(hall["1"].sent) == 2
    assert "no such file" in caplog.text
