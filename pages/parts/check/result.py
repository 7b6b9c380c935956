"""The checked answers: one line per layer with a mark and the reasons, and the total."""

from html import escape
from pathlib import Path

import streamlit as st

from hw5core.homework.answers.check import Checked, CheckedSheet
from pages.parts.shared.frame import number_html
from pages.parts.shared.plain_words import plain

_STYLE = Path(__file__).with_suffix(".css")
_QUOTED = 60
"""The largest number of characters that are shown of a line that cannot be read."""


_MARKS = {True: ("✓", "right"), False: ("✗", "wrong")}
_MISSING = ("–", "missing")


def result(sheet: CheckedSheet, text: str, hints: int) -> None:
    """Draw the checked answers of a text, and the number of hints that were used for them."""
    st.html(_STYLE)
    right = sum(bool(line.correct) for line in sheet.lines)
    label = f"layers right, with {hints} hint{'s' * (hints != 1)}" if hints else "layers right"
    st.html(number_html(label, f"{right} of {len(sheet.lines)}", "inherit"))
    answers = "".join(_line_html(answer) for answer in (*sheet.lines, sheet.total) if answer.correct is not None)
    st.html(f'<ul class="hw5-checked">{answers}</ul>')
    for unread in sheet.unread:
        st.warning(plain(f"“{text.splitlines()[unread.number - 1].strip()[:_QUOTED]}”: {unread.reason}."))


def _line_html(answer: Checked) -> str:
    mark, word = _MISSING if answer.given is None else _MARKS[bool(answer.correct)]
    given = "no answer" if answer.given is None else f"{answer.given:,}"
    reasons = "".join(f"<p>{escape(one.message)} <code>{escape(one.code)}</code></p>" for one in answer.explanations)
    return (
        f'<li class="hw5-{word}"><div class="hw5-answer"><span class="hw5-mark" role="img" aria-label="{word}">{mark}'
        f"</span><b>{escape(answer.layer or 'Total')}</b><span>{given}</span></div>{reasons}</li>"
    )
