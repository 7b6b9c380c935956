"""The dialog for design golf: a challenge, a network that is judged at each change, and a leaderboard.

The parameter `golf` of the URL names the challenge, or is one in one line; with it, the dialog is open.
"""

from functools import partial
from html import escape
from pathlib import Path

import streamlit as st

from hw5core.errors import LabError, StoreError
from hw5core.homework.golf import (
    CHALLENGES,
    MAX_NAME,
    MAX_NETWORK,
    Challenge,
    Entry,
    Judged,
    challenge_of,
    entry_text,
    leaderboard,
    read_network,
)
from pages.parts.shared.address import address
from pages.parts.shared.browser import browser
from pages.parts.shared.clearing import may_clear
from pages.parts.shared.frame import number_html
from pages.parts.shared.minute_limit import MinuteLimit
from pages.parts.shared.plain_words import plain
from pages.parts.shared.server import ballot_box

GOLF = "golf"
"""The parameter of the URL."""

ENTRIES_PER_ADDRESS = 300
ENTRIES_IN_TOTAL = 1_000
"""The number of entries within a minute, from one address and from all."""

_STYLE = Path(__file__).with_suffix(".css")
_SHOWN = 12
"""How many entries the leaderboard shows. The visitor's own is always shown."""

_CHALLENGE = "golf challenge"
_NETWORK = "golf network"
_NAME = "golf name"
_REFUSED = "refused golf entry"
_ROUND = "golf"
_STARTS = {
    "far-sighted": "3x96x96 conv16k7s2 relu conv32k7s2 relu conv64k7s3",
    "no-linear-layer": "1x28x28 conv10k5 relu maxpool2 conv20k5 relu maxpool2 conv10k3",
    "alexnet-diet": "3x227x227 conv96k11s4 relu maxpool3s2 conv256k5p2 relu maxpool3s2 conv256k3p1 relu maxpool3s2",
}
"""A network for each challenge that does not meet it yet, or could be smaller."""


def golf_button(is_other_open: bool) -> None:
    """Draw the button that opens the dialog, and the dialog while it is open and no other is."""
    st.button("Design golf", icon=":material/sports_golf:", on_click=_open, help="The smallest network that fits wins")
    if GOLF in st.query_params and not is_other_open:
        _dialog()


def _open() -> None:
    st.query_params[GOLF] = next(iter(CHALLENGES))


def _close() -> None:
    st.query_params.pop(GOLF, None)
    st.session_state.pop(_CHALLENGE, None)


@st.dialog("Design golf", width="large", icon=":material/sports_golf:", on_dismiss=_close)
def _dialog() -> None:
    st.html(_STYLE)
    st.caption(
        "Meet every constraint with as few parameters as you can. The link of this page opens the same challenge."
    )
    own, everybody = st.columns([4, 3], gap="large")
    with own:
        name = _choose()
        try:
            challenge = challenge_of(name)
            entries = _entries(challenge)
        except StoreError as error:
            st.error(plain(error))
            return
        except LabError as error:
            st.error(plain(f"This challenge cannot be read: {error}."))
            return
        _play(name, challenge)
        if refused := st.session_state.pop(_REFUSED, ""):
            st.error(refused)
        elif words := _own_place(entries, browser()):
            st.success(words)
    with everybody:
        _board(challenge, entries)


def _choose() -> str:
    """Draw the menu of challenges. Return the chosen one: a name, or a line from the URL."""
    linked = st.query_params.get(GOLF, "")
    names = list(CHALLENGES) if linked in CHALLENGES or not linked else [linked, *CHALLENGES]
    if st.session_state.get(_CHALLENGE) not in names:
        st.session_state[_CHALLENGE] = linked or names[0]
    chosen = st.selectbox("Challenge", names, key=_CHALLENGE, format_func=_title)
    if chosen != linked:
        st.query_params[GOLF] = chosen
    return str(chosen)


def _title(name: str) -> str:
    return f"{name}: {CHALLENGES[name]}" if name in CHALLENGES else name[:150]


def _play(name: str, challenge: Challenge) -> None:
    """Draw the field for a network, how it is judged, and the button for the leaderboard."""
    key = f"{_NETWORK} {name}"
    start = _STARTS.get(name, f"{challenge.text.split()[0]} conv16k3")
    st.session_state.setdefault(key, start)
    text = st.text_area("Your network in one line", key=key, max_chars=MAX_NETWORK, height=90)
    try:
        network = read_network(" ".join(text.split()))
    except LabError as error:
        st.error(plain(f"This network does not work: {error}."))
        return
    judged = challenge.judge(network)
    st.html(number_html("parameters", f"{network.parameters:,}", "inherit") + _judged_html(judged))
    _submit(challenge, key, all(one.met for one in judged))


def _judged_html(judged: list[Judged]) -> str:
    """Return the constraints as a list: a mark, what is asked, what the network has, and by how much it fails."""
    rows = "".join(
        f'<li class="hw5-{"right" if one.met else "wrong"}"><span class="hw5-mark" role="img" '
        f'aria-label="{"met" if one.met else "not met"}">{"✓" if one.met else "✗"}</span> <b>{escape(one.asked)}</b> '
        f"<span>{escape(one.has)}{escape(f', {one.miss}' * bool(one.miss))}</span></li>"
        for one in judged
    )
    return f'<ul class="hw5-golf">{rows}</ul>'


def _submit(challenge: Challenge, key: str, is_met: bool) -> None:
    """Draw the name and the button that puts the network in the field `key` on the board."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Short name", max_chars=MAX_NAME, placeholder="anonymous", key=_NAME)
        st.button(
            "Put it on the board",
            type="primary",
            disabled=not is_met,
            on_click=partial(_enter, challenge, key),
        )


def _enter(challenge: Challenge, key: str) -> None:
    """Store the network that is in the field now, unless it is no entry or the visitor has a better one."""
    try:
        text = entry_text(st.session_state[_NAME], read_network(" ".join(st.session_state[key].split())))
        box = ballot_box(_race(challenge))
        before = box.read().of(_ROUND, browser())
        entries = leaderboard(challenge, {"before": before or "", "now": text})
        if "now" not in [entry.player for entry in entries]:
            st.session_state[_REFUSED] = "The network has changed and does not meet every constraint any more."
        elif entries[0].player == "before" and entries[0].parameters < entries[-1].parameters:
            st.session_state[_REFUSED] = f"Your entry with {entries[0].parameters:,} parameters is better, so it stays."
        elif not _limit().take(address()):
            st.session_state[_REFUSED] = "Too many entries came from this network or to this server. Wait a minute."
        else:
            box.vote(_ROUND, browser(), text)
    except LabError as error:
        st.session_state[_REFUSED] = plain(error)


@st.cache_resource(show_spinner=False)
def _limit() -> MinuteLimit:
    return MinuteLimit(ENTRIES_PER_ADDRESS, ENTRIES_IN_TOTAL)


def _race(challenge: Challenge) -> str:
    """Return the key under which the store keeps the entries of a challenge."""
    return f"golf {challenge.text}"


def _entries(challenge: Challenge) -> list[Entry]:
    """Return all entries, the best first. Raises StoreError."""
    choices = ballot_box(_race(challenge)).read().choices
    return leaderboard(challenge, {player: text for (_, player), text in choices.items()})


def _own_place(entries: list[Entry], player: str) -> str:
    """Return the place of the visitor in words, "" without an entry."""
    for place, entry in enumerate(entries, start=1):
        if entry.player == player:
            return f"You are in place {place} of {len(entries):,} with {entry.parameters:,} parameters."
    return ""


def _board(challenge: Challenge, entries: list[Entry]) -> None:
    """Draw the best entries, and the visitor's own. Only the numbers of others are shown, not their networks."""
    st.html(board_html(entries, browser()))
    with st.container(horizontal=True):
        st.button("Refresh", icon=":material/refresh:")
        if entries and may_clear():
            st.button("Clear the board", on_click=partial(_clear, challenge))


def _clear(challenge: Challenge) -> None:
    try:
        ballot_box(_race(challenge)).clear()
    except StoreError as error:
        st.session_state[_REFUSED] = plain(error)


def board_html(entries: list[Entry], player: str) -> str:
    """Return the leaderboard as a table; the visitor's own entry is marked."""
    if not entries:
        return "<p>Nobody is on the board yet.</p>"
    rows = "".join(
        f"<tr{own_class}><td>{place}</td><th scope=row>{escape(entry.name)}{own_words}</th>"
        f"<td>{entry.parameters:,}</td><td>{entry.macs:,}</td></tr>"
        for place, entry in enumerate(entries, start=1)
        if place <= _SHOWN or entry.player == player
        for own_class, own_words in [(" class=hw5-own", " (you)") if entry.player == player else ("", "")]
    )
    return (
        f'<table class="hw5-board"><caption>{len(entries):,} on the board</caption><tr><th scope=col>place</th>'
        f"<th scope=col>name</th><th scope=col>parameters</th><th scope=col>MACs</th></tr>{rows}</table>"
    )
