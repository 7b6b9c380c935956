"""The mistakes of the class as bars, which change in every browser that watches as soon as somebody hands in.

A click on a bar shows the answers with this mistake. No name is stored, and nothing that a student has written except
numbers. Each browser has one hand-in per network, and a new one replaces it.
"""

import threading
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

import streamlit as st

from hw5core.errors import StoreError
from hw5core.homework.answers.check import CheckedSheet
from hw5core.homework.hand_ins import ClassMistakes, class_key, class_mistakes, hand_in_text
from hw5core.network.architecture import Architecture
from hw5core.store.votes import Ballot, BallotBox
from pages.parts.shared.address import address
from pages.parts.shared.browser import browser
from pages.parts.shared.chart import heading_html
from pages.parts.shared.clearing import may_clear
from pages.parts.shared.component import inline_component
from pages.parts.shared.frame import number_html
from pages.parts.shared.lecture import lecture_mode
from pages.parts.shared.minute_limit import MinuteLimit
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import RECONNECT_SECONDS
from pages.parts.shared.reading import Reading
from pages.parts.shared.reveal import reveal, reveal_after_click
from pages.parts.shared.server import ballot_box

HAND_INS_PER_ADDRESS = 500
"""The number of hand-ins from one address within a minute. A whole lecture hall may have one address."""

HAND_INS_IN_TOTAL = 2_000
"""The number of hand-ins within a minute. Each one takes the store a few milliseconds."""

SHARED_SECONDS = 0.2
"""The age in seconds up to which live updates use the hand-ins again."""

_STYLE = Path(__file__).with_suffix(".css")
_ROUND = "answers"
_BARS = "class-mistakes"
"""The key of the container with the bars."""

_KEY = "bars of the class"
_CHOSEN = "chosen mistake of the class"
_REFUSED = "refused hand-in"
_MAX_ANSWERS = 40
"""How many different answers of a mistake are shown, the most frequent first."""

_TOO_MANY = (
    "Your answers are checked, but the class does not see them: too many came from this network or to this server. "
    "Wait a minute, then check again."
)
_buttons = inline_component(__file__, "class_view", "<span></span>", isolate_styles=False)


def hand_in(network: Architecture, sheet: CheckedSheet, hints: int, is_variant: bool) -> None:
    """Store the mistakes of checked answers for the class. If that is not possible, the view says why."""
    if not _limit().take(address()):
        st.session_state[_REFUSED] = _TOO_MANY
        return
    text = hand_in_text(sheet, hints, is_variant)
    _try(lambda: ballot_box(class_key(network)).vote(_ROUND, browser(), text))


def class_view(network: Architecture) -> None:
    """Draw the mistakes of the class: open in lecture mode, else folded. A folded view costs nothing."""
    hall = lecture_mode()
    folded = st.expander(
        "The mistakes of the class",
        icon=":material/groups:",
        expanded=hall,
        on_change=partial(reveal_after_click, _BARS),
        key=f"class view {'in the hall' if hall else ''}",
    )
    if refused := st.session_state.pop(_REFUSED, ""):
        st.warning(refused)
    if folded.open:
        with folded:
            st.fragment(_draw, run_every=RECONNECT_SECONDS)(class_key(network))
            reveal(_BARS)


def _draw(key: str) -> None:
    chosen = st.session_state.get(_CHOSEN, "")
    reading = Reading(read_class, key, live=read_class_live)
    reading.subscribe_redraw(_is_empty)
    st.html(_STYLE)
    try:
        with st.container(key=_BARS):
            bars, answers = st.columns([3, 2], gap="medium") if chosen else (st.container(), None)
            with reading.published(_view, chosen) as parts:
                with bars:
                    st.html(parts[0])
                if answers:
                    with answers, st.container(key="class-answers"):
                        st.html(parts[1])
        if not _is_empty(reading.value):
            _clear_button(key)
    except StoreError as error:
        st.error(plain(error))
    _buttons(key=_KEY, data={"chosen": chosen}, on_code_change=_choose)


def _choose() -> None:
    """Show the answers with the mistake that was clicked, or none if they are shown. A browser can send anything."""
    code = st.session_state[_KEY].get("code")
    if isinstance(code, str) and len(code) < 40:
        st.session_state[_CHOSEN] = "" if st.session_state.get(_CHOSEN) == code else code


def _clear_button(key: str) -> None:
    if may_clear():
        with st.popover("Start anew", icon=":material/restart_alt:", type="tertiary"):
            st.button("Delete all answers of the class", on_click=partial(_try, partial(_clear, key)))


def _clear(key: str) -> None:
    ballot_box(key).clear()
    st.session_state.pop(_CHOSEN, None)


def _try(change: Callable[[], None]) -> None:
    """Change the hand-ins. If the store refuses, the next drawing says why."""
    try:
        change()
    except StoreError as error:
        st.session_state[_REFUSED] = plain(error)


@st.cache_resource(show_spinner=False)
def _limit() -> MinuteLimit:
    return MinuteLimit(HAND_INS_PER_ADDRESS, HAND_INS_IN_TOTAL)


class _ClassReader:
    """The mistakes of a class, computed once for all viewers whenever the hand-ins have changed."""

    def __init__(self, box: BallotBox) -> None:
        self._box = box
        self._lock = threading.Lock()
        self._latest: tuple[Ballot | None, ClassMistakes] = (None, ClassMistakes())

    def read(self, max_age: float) -> ClassMistakes:
        ballot = self._box.read(max_age)
        with self._lock:
            if ballot is not self._latest[0]:
                self._latest = ballot, class_mistakes(ballot.choices.values())
            return self._latest[1]


@st.cache_resource(show_spinner=False, max_entries=64)
def _reader(key: str) -> _ClassReader:
    return _ClassReader(ballot_box(key))


def read_class(key: str) -> ClassMistakes:
    """Read the mistakes of the class. Raises StoreError."""
    return _reader(key).read(0.0)


def read_class_live(key: str) -> ClassMistakes:
    """Read the mistakes for live updates, which share them for a moment. Raises StoreError."""
    return _reader(key).read(SHARED_SECONDS)


def _is_empty(mistakes: ClassMistakes) -> bool:
    return not mistakes.hand_ins


def _view(mistakes: ClassMistakes, chosen: str) -> tuple[str, ...]:
    return (bars_html(mistakes, chosen), *([answers_html(mistakes, chosen)] if chosen else []))


def bars_html(mistakes: ClassMistakes, chosen: str) -> str:
    """Return the figures of the class, and a button per mistake with a bar for the number of its answers."""
    counts = {code: answers.total() for code, answers in mistakes.answers.items()}
    most = max(counts.values(), default=1)
    rows = "".join(
        f'<li><button type="button" data-code="{escape(code)}" aria-pressed="{str(code == chosen).lower()}">'
        f'<span>{escape(in_words(code))}</span><span class="hw5-bar-of-answers">'
        f'<i style="width:{100 * number / most:.1f}%"></i></span><span class="hw5-times">{number:,}</span></button>'
        "</li>"
        for code, number in counts.items()
    )
    heading = heading_html("Mistakes, and how many answers have them", _spoken(counts))
    return f'{_figures(mistakes)}{heading}<ul class="hw5-mistakes">{rows}</ul>{_note(mistakes, chosen)}'


def _figures(mistakes: ClassMistakes) -> str:
    per_student = mistakes.hints / mistakes.hand_ins if mistakes.hand_ins else 0.0
    figures = (
        ("handed in", f"{mistakes.hand_ins:,}"),
        ("without a mistake", f"{mistakes.all_right:,}"),
        ("hints per hand-in", f"{per_student:.1f}"),
    )
    numbers = "".join(f"<div>{number_html(label, value, 'inherit')}</div>" for label, value in figures)
    return f'<div class="hw5-class">{numbers}</div>'


def _note(mistakes: ClassMistakes, chosen: str) -> str:
    if not mistakes.hand_ins:
        return "<p>Nobody has handed in answers for this network yet. Bars appear here as soon as somebody does.</p>"
    if not mistakes.answers:
        return "<p>Nobody has made a mistake.</p>"
    return "" if chosen else "<p>Choose a bar to see the answers.</p>"


def _spoken(counts: dict[str, int]) -> str:
    """Return the bars in words, for users who cannot see them."""
    return ", ".join(f"{in_words(code)} {number:,}" for code, number in counts.items()) or "none"


def answers_html(mistakes: ClassMistakes, code: str) -> str:
    """Return the answers with a mistake as a table, the most frequent first, without names."""
    answers = mistakes.answers.get(code)
    if not answers:
        return f"<p>No answer has the mistake “{escape(in_words(code))}” now.</p>"
    shown = answers.most_common(_MAX_ANSWERS)
    rows = "".join(
        f"<tr><td>{escape(layer)}</td><td>{'own variant' if given is None else f'{given:,}'}</td>"
        f"<td>{times:,}</td></tr>"
        for (layer, given), times in shown
    )
    rest = answers.total() - sum(times for _, times in shown)
    more = f"<p>and {rest:,} more</p>" if rest else ""
    return (
        f'<table class="hw5-answers"><caption>{escape(in_words(code))}</caption><tr><th scope="col">layer</th>'
        f'<th scope="col">answer</th><th scope="col">times</th></tr>{rows}</table>{more}'
    )


def in_words(code: str) -> str:
    """Return the code of a mistake as words."""
    return code.replace("-", " ")
