"""Widgets that receive random values of any type, as a stranger's script can send them.

Every page stays a page without errors, and the same tab works afterwards.
"""

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import fork
from pages.parts.shared.page_list import PAGES
from pages.parts.shared.settings import fork_query
from pages.parts.shared.streamlit_internals import WidgetState
from tests.effort import EFFORT, TIMEOUT
from tests.served.conftest import Server
from tools.training import train_into
from tools.visitor import Visitor, browser_cookie, visitor

pytestmark = [pytest.mark.slow, TIMEOUT]

ROUNDS = 3 * EFFORT
"""How often each page receives random values."""

NETWORK = "1x28x28 flatten relu linear10"
RACE = race(RunConfig(network=NETWORK, epochs=2, training_images=20))
FORKS = fork(RACE[1], 0, "relu", 0.005), fork(RACE[1], 0, "tanh", 0.005), fork(RACE[1], 0, "relu", 0.05)
QUERY = "epochs-digits=2&training-images=20&network=1x28x28+flatten+relu+linear10"
QUERIES = {
    "train": [QUERY, f"{QUERY}&predict=true&seed=1"],
    "sweep": [QUERY],
    "why": [QUERY],
    "fork": [urlencode(fork_query(*FORKS[:2]))],
}
VIEWS = [f"{page.urls[0]}?{query}" for page in PAGES for query in QUERIES.get(page.name, [""])]

_TEXTS = (
    "", " ", "x" * 100_000, "<script>document.title='x'</script>", "**b** [a](javascript:alert(1)) $x$ :smile:", "nan",
    "-1", "1e999", "\x00", "\r\nX: y", "💥" * 50, "../../etc/passwd", "relu", "sigmoid", "mnist", "0.05, 0.02", NETWORK,
)  # fmt: skip
_PARTS: tuple[Any, ...] = (
    None, True, -1, 0, 3, 2**70, 1e308, float("nan"), float("inf"), "", "x", "select", "remove", "add", "up", [], {},
    [[]], {"number": 1}, {"number": "x"}, {"x": [1]}, {"x": ["a", None]}, {"x": [-1e308, 1e308]}, [{"batch": "x"}],
    [{"batch": 2**70}], [{"batch": -1}], [{"number": []}], [None],
)  # fmt: skip
_NAMES = (
    "selection", "picked", "zoom", "x", "edit", "action", "settled", "place", "kind", "field", "value", "word", "event",
    "chosen",
)  # fmt: skip


@pytest.fixture(scope="module")
def filled(server: Server) -> Server:
    """Prepare a server with a race and three forks. The address of the fork page names two of them."""
    train_into(server.store, *RACE, *FORKS, owner="somebody")
    return server


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_survives_random_values_of_its_widgets(filled: Server, view: str) -> None:
    earlier = len(filled.tracebacks)
    asyncio.run(_confuse(filled.address, view))
    assert filled.process.poll() is None
    assert not filled.tracebacks[earlier:], filled.tracebacks[earlier]


async def _confuse(address: str, view: str) -> None:
    page, _, query = view.partition("?")
    dice = random.Random(view)
    async with visitor(address, page, query, browser_cookie(1)) as tab:
        tab.repeats = False
        await tab.until_drawn(1)
        title, initial = tab.heading, dict(tab.widget_states)
        for _ in range(ROUNDS):
            widgets = [
                *_widgets(tab),
                ("button", "$$ID-0123456789abcdef-None"),
                ("selectbox", ""),
                ("selectbox", "seed"),
            ]
            chosen = dice.sample(widgets, dice.randrange(1, len(widgets)))
            states = [state for kind, widget in chosen for state in _random_states(dice, kind, widget)]
            await _send(tab, states)
            _check_page(tab, title, states)
            if dice.random() < 0.5:
                tab.widget_states = dict(initial)
        # With its initial values, the same tab works again.
        tab.widget_states = dict(initial)
        await _send(tab, [])
        _check_page(tab, title, [])
        assert _widgets(tab)


async def _send(tab: Visitor, states: list[WidgetState]) -> None:
    drawn = len(tab.page_runs) + len(tab.fragment_runs)  # a widget in a fragment runs only the fragment
    await tab.set(*states)
    await tab.until(lambda tab: len(tab.page_runs) + len(tab.fragment_runs) > drawn)


def _check_page(tab: Visitor, title: str, states: list[WidgetState]) -> None:
    assert not tab.exceptions, states
    assert "Traceback" not in tab.text(), states
    assert title == tab.heading, states


def _widgets(tab: Visitor) -> list[tuple[str, str]]:
    """Return the kind and the id of every widget on the page."""
    shown = [(one.WhichOneof("type") or "", one) for one in tab.elements.values()]
    found = [(kind, getattr(getattr(one, kind), "id", "")) for kind, one in shown if kind]
    return [(kind, widget) for kind, widget in found if widget]


def _random_states(dice: random.Random, kind: str, widget: str) -> Iterator[WidgetState]:
    """Yield states without sense for a widget of this kind, mostly of the right type.

    Buttons are never pressed, because they would start long runs.
    """
    if kind == "bidi_component":
        # Components report their events under this name.
        events = [{"event": dice.choice(_NAMES), "value": _nested(dice)} for _ in range(dice.randrange(1, 3))]
        trigger = f"$$STREAMLIT_INTERNAL_KEY_{widget}__events"
        yield WidgetState(id=trigger, json_trigger_value=json.dumps(dice.choice([events, _nested(dice)])))
    fitting = {
        "number_input": ("int_value", "double_value"),
        "selectbox": ("string_value",),
        "text_input": ("string_value",),
        "text_area": ("string_value",),
        "multiselect": ("string_array_value",),
        "button_group": ("string_array_value",),
        "radio": ("string_value",),
        "slider": ("double_array_value",),
        "vega_lite_chart": ("json_text",),
        "bidi_component": ("json_value",),
    }.get(kind, ())
    state = WidgetState(id=widget)
    _fill(dice, state, dice.choice(fitting) if fitting and dice.random() < 0.7 else dice.choice(_OTHERS))
    yield state


_OTHERS = (
    "bool_value", "double_value", "int_value", "string_value", "double_array_value", "int_array_value",
    "string_array_value", "json_value", "bytes_value", "arrow_value", "file_uploader_state_value",
    "string_trigger_value", "json_trigger_value", "chat_input_value",
)  # fmt: skip


def _fill(dice: random.Random, state: WidgetState, field: str) -> None:
    match field:
        case "bool_value":
            state.bool_value = dice.random() < 0.5
        case "double_value":
            state.double_value = dice.choice([float("nan"), float("inf"), -float("inf"), -1.5, 1e308, 5e-324, 0.0])
        case "int_value":
            state.int_value = dice.choice([0, -1, 1, 7, 2**31, 2**63 - 1, -(2**63)])
        case "string_value":
            state.string_value = dice.choice(_TEXTS)
        case "json_text":
            state.string_value = json.dumps(_nested(dice))
        case "json_value" | "json_trigger_value":
            setattr(state, field, dice.choice([json.dumps(_nested(dice)), dice.choice(_TEXTS)]))
        case "string_array_value":
            state.string_array_value.data.extend(dice.choices(_TEXTS, k=dice.choice([0, 1, 2, 300])))
            state.string_array_value.SetInParent()
        case "double_array_value":
            state.double_array_value.data.extend(
                dice.choices([float("nan"), -1e308, 7.5], k=dice.choice([0, 1, 2, 50]))
            )
            state.double_array_value.SetInParent()
        case "bytes_value":
            state.bytes_value = dice.choice([b"", b"\xff\x00"])
        case _:
            getattr(state, field).SetInParent()


def _nested(dice: random.Random, depth: int = 0) -> Any:
    if depth == 3 or dice.random() < 0.3:
        return dice.choice(_PARTS)
    return {name: _nested(dice, depth + 1) for name in dice.sample(_NAMES, dice.randrange(1, 6))}
