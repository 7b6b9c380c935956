"""The vote of the class on the four explanations, before the evidence and after it, and the votes of all as bars.

A vote is anonymous: the store knows the browser, and no page shows it. The evidence is folded until a visitor has
voted, or does not want to.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from pathlib import Path

import streamlit as st

from hw5core.errors import StoreError
from hw5core.homework.explanations import Cause
from hw5core.store.votes import Ballot, Round
from pages.parts.shared.address import address
from pages.parts.shared.browser import browser
from pages.parts.shared.chart import heading_html
from pages.parts.shared.clearing import may_clear
from pages.parts.shared.frame import number_html
from pages.parts.shared.lecture import aside
from pages.parts.shared.minute_limit import MinuteLimit
from pages.parts.shared.plain_words import plain
from pages.parts.shared.reading import Reading
from pages.parts.shared.reveal import reveal, reveal_after_click
from pages.parts.shared.server import ballot_box

VOTES_PER_ADDRESS = 500
"""The number of votes from one address within a minute. A whole lecture hall may have one address."""

VOTES_IN_TOTAL = 3_000
"""The number of votes within a minute. Each one takes the store a few milliseconds."""

SHARED_SECONDS = 0.2
"""The age in seconds up to which live updates use the votes again."""

_STYLE = Path(__file__).with_suffix(".css")
_SKIPPED = "evidence without a vote"
_REFUSED = "refused vote"
_QUESTIONS = {
    Round.BEFORE: "Before the evidence: which explanation is right?",
    Round.AFTER: "After the evidence: which one is right?",
}
_TOO_MANY = "Too many votes came from this network or to this server. Wait a minute, then vote again."
_ANONYMOUS = "One vote per browser, without a name. You can change it."


def evidence_is_open(race: str) -> bool:
    """Return True if this visitor has voted before the evidence, or wants to see it without. Raise StoreError."""
    skipped = race in st.session_state.get(_SKIPPED, ())
    return skipped or ballot_box(race).read().of(Round.BEFORE, browser()) is not None


def vote_before(race: str, was_open: bool) -> None:
    """Draw the vote before the evidence. `was_open` is what the page was drawn for: if it changes, the page redraws."""
    _draw(race, Round.BEFORE, _bars_before if was_open else _number_of_votes)
    with aside("votes"), st.container(horizontal=True, vertical_alignment="center"):
        if not was_open:
            st.button("Show the evidence without voting", on_click=partial(_skip, race), icon=":material/visibility:")
        st.caption(_ANONYMOUS, width="content")
        if may_clear():
            with st.popover("Start the vote anew", icon=":material/restart_alt:", type="tertiary"):
                st.button("Delete all votes on this race", on_click=partial(_clear, race))
    if evidence_is_open(race) != was_open:
        st.rerun()


def vote_after(race: str) -> None:
    """Draw the vote after the evidence, next to the bars of both."""
    _draw(race, Round.AFTER, _bars_of_both)


def _draw(race: str, round_: Round, view: Callable[[Ballot], tuple[str]]) -> None:
    """Draw a vote next to the `view` of all votes, which is published."""
    st.html(_STYLE)
    reading = Reading(read_ballot, race, live=read_ballot_live)
    reading.subscribe_redraw(_own_choice, round_, browser())
    own, everybody = st.columns([3, 4], gap="medium")
    try:
        with own:
            _ask(race, round_, reading.value)
        with everybody, st.container(key=_part(round_)), reading.published(view) as (bars,):
            st.html(bars)
        reveal(_part(round_))
    except StoreError as error:
        st.error(plain(error))


def read_ballot(race: str) -> Ballot:
    """Read the votes on a race. Raise StoreError."""
    return ballot_box(race).read()


def read_ballot_live(race: str) -> Ballot:
    """Read the votes for live updates, which share them for a moment. Raise StoreError."""
    return ballot_box(race).read(SHARED_SECONDS)


def _own_choice(ballot: Ballot, round_: Round, voter: str) -> str | None:
    return ballot.of(round_, voter)


def _ask(race: str, round_: Round, ballot: Ballot) -> None:
    """Draw the choice. The store decides what is chosen: another tab, or the lecturer, may have changed it."""
    key = f"vote {round_} {race}"
    choice = ballot.of(round_, browser())
    st.session_state[key] = choice and Cause(choice)
    st.radio(
        _QUESTIONS[round_],
        list(Cause),
        index=None,
        format_func=lambda cause: cause.sentence,
        key=key,
        on_change=partial(_vote, race, round_, key),
    )
    refused = st.session_state.pop(_REFUSED, "")
    if refused:
        st.error(refused)


def _vote(race: str, round_: Round, key: str) -> None:
    choice = st.session_state[key]
    if choice is None:
        return
    if not _limit().take(address()):
        st.session_state[_REFUSED] = _TOO_MANY
        return
    _try(lambda: ballot_box(race).vote(round_, browser(), str(choice)))
    reveal_after_click(_part(round_))


def _part(round_: Round) -> str:
    """Return the key of the container with the bars."""
    return f"votes-{round_}"


def _clear(race: str) -> None:
    _try(lambda: ballot_box(race).clear())


def _try(change: Callable[[], None]) -> None:
    """Change the votes. If the store refuses, the next drawing says why."""
    try:
        change()
    except StoreError as error:
        st.session_state[_REFUSED] = plain(error)


def _skip(race: str) -> None:
    st.session_state[_SKIPPED] = {*st.session_state.get(_SKIPPED, ()), race}


@st.cache_resource(show_spinner=False)
def _limit() -> MinuteLimit:
    return MinuteLimit(VOTES_PER_ADDRESS, VOTES_IN_TOTAL)


def _number_of_votes(ballot: Ballot) -> tuple[str]:
    """Return the HTML for a visitor who has not voted: how many have, but not what."""
    return (number_html("votes so far", f"{ballot.counts(Round.BEFORE).total():,}", "inherit"),)


def _bars_before(ballot: Ballot) -> tuple[str]:
    return (votes_html(ballot, Round.BEFORE),)


def _bars_of_both(ballot: Ballot) -> tuple[str]:
    return (votes_html(ballot, Round.BEFORE, Round.AFTER),)


def votes_html(ballot: Ballot, *rounds: Round) -> str:
    """Return the HTML of the votes: a bar per explanation and round, with its number and share."""
    counts = {one: ballot.counts(one) for one in rounds}
    rows = "".join(_rows(cause, counts) for cause in Cause)
    heading = heading_html("The votes of the class", "; ".join(_in_words(*one) for one in counts.items()))
    return f'{heading}<table class="hw5-votes">{rows}</table>'


def _rows(cause: Cause, counts: Mapping[Round, Counter[str]]) -> str:
    bars = "".join(
        f'<tr><th scope="row">{round_}</th><td class="bar"><div class="hw5-{round_}" '
        f'style="width:{100 * _share(cause, votes):.1f}%"></div></td>'
        f'<td class="value">{votes[cause]:,} ({100 * _share(cause, votes):.0f} %)</td></tr>'
        for round_, votes in counts.items()
    )
    return f'<tbody><tr><th colspan="3" scope="rowgroup">{escape(cause.sentence)}</th></tr>{bars}</tbody>'


def _share(cause: Cause, votes: Counter[str]) -> float:
    return votes[cause] / total if (total := votes.total()) else 0.0


def _in_words(round_: Round, votes: Counter[str]) -> str:
    """Return one round in a sentence, for users who cannot see the bars."""
    if not votes:
        return f"no votes {round_} the evidence"
    first, most = votes.most_common(1)[0]
    leader = Cause(first).sentence.removesuffix(".")
    return f"{votes.total():,} votes {round_} the evidence, the largest part, {most:,}, for “{leader}”"
