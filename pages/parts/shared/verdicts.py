"""A verdict in one line: a mark, what was judged, the verdict, and its figures."""

from hw5core.homework.evidence import Verdict

_MARKS = {Verdict.SUPPORTED: "✓", Verdict.CONTRADICTED: "✗", Verdict.UNDECIDED: "?"}


def verdict_line(verdict: Verdict, judged: str, words: str, reason: str) -> str:
    """Return the line as Markdown. `words` are the verdict in words."""
    return f"{_MARKS[verdict]} **{judged}** *{words}*: {reason}."
