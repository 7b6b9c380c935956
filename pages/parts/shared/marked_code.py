"""The lines of pasted code around its problems, with the wrong parts marked, and the table of its layers. As HTML.

Everything that comes from the visitor is escaped.
"""

from html import escape

from hw5core.pasted.reading import Problem, Reading
from hw5core.pasted.source import Span
from hw5core.pasted.summary_table import ComparedRow

_AROUND = 3
"""The number of lines that are shown before and after each problem."""

_LONGEST_LINE = 400

_STYLE = """<style>
.hw5-read { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .8rem }
.hw5-read-total { font-size: 2.2rem; font-weight: 700; line-height: 1.1; font-variant-numeric: tabular-nums }
.hw5-code { overflow: auto; max-height: 16rem; margin: 0; padding: .5rem 0; border-radius: .5rem; font-size: .82rem;
  line-height: 1.5; background: light-dark(#f2f5f8, #1a232c) }
.hw5-code code { display: block; width: max-content; min-width: 100%; font-family: "Source Code Pro", monospace }
.hw5-code .line { display: block; padding: 0 .8rem }
.hw5-code .wrong, .hw5-layers .wrong { background: light-dark(#fbe9e0, #40281c) }
.hw5-code .number { display: inline-block; min-width: 2.2rem; margin-right: .8rem; text-align: right; opacity: .75;
  user-select: none }
.hw5-code mark { color: inherit; background: light-dark(#ffc9a8, #8a3d00); font-weight: 700;
  text-decoration: underline wavy light-dark(#a34700, #ffb38a); text-underline-offset: .2em }
.hw5-layers { overflow: auto; max-height: 18rem; font-size: .82rem }
.hw5-layers table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
.hw5-layers :is(td, th) { padding: .2rem .5rem; text-align: left; white-space: nowrap;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent) }
.hw5-layers .right { text-align: right }
[role="dialog"] textarea { font-family: "Source Code Pro", monospace; font-size: .82rem; white-space: pre;
  overflow-x: auto }
@media (max-width: 640px) { [role="dialog"] textarea { max-height: 9rem } }
</style>"""


def style(scheme: str | None) -> str:
    """Return the style of the code and the tables, for a dialog in this colour scheme: "light", "dark" or not known.

    Streamlit puts dialogs outside the part of the page that has the colour scheme.
    """
    return _STYLE + f'<style>[data-testid="stDialog"] {{ color-scheme: {scheme or "light dark"} }}</style>'


def marked_code(reading: Reading) -> str:
    """Return the lines around each problem. The wrong part of a line is marked, and lines have their numbers."""
    lines = reading.text.split("\n")
    shown = sorted(
        {
            number
            for problem in reading.problems
            for number in range(problem.line - _AROUND, problem.line + _AROUND + 1)
            if 1 <= number <= len(lines)
        }
    )
    parts, last = [], 0
    for number in shown:
        if last and number != last + 1:
            parts.append('<span class="line">⋮</span>')
        parts.append(_line(number, lines[number - 1], reading.problems))
        last = number
    # A box that scrolls has to be reachable with the keyboard.
    label = "Your code, with the wrong parts marked"
    return f'<pre class="hw5-code" tabindex="0" role="region" aria-label="{label}"><code>{"".join(parts)}</code></pre>'


def _line(number: int, text: str, problems: tuple[Problem, ...]) -> str:
    spans = sorted(
        _on_line(problem.span, number, text) for problem in problems if problem.span and _touches(problem.span, number)
    )
    wrong = " wrong" if any(problem.line == number for problem in problems) else ""
    marked, place = "", 0
    for start, end in spans:
        if start >= place and start < _LONGEST_LINE:
            marked += f"{escape(text[place:start])}<mark>{escape(text[start:end][:_LONGEST_LINE])}</mark>"
            place = end
    marked += escape(text[place : max(place, _LONGEST_LINE)])
    return f'<span class="line{wrong}"><span class="number">{number}</span>{marked}</span>'


def _touches(span: Span, line: int) -> bool:
    return span.line <= line <= span.end_line


def _on_line(span: Span, line: int, text: str) -> tuple[int, int]:
    """Return the columns of a span on one of its lines, without the spaces before the text."""
    start = span.column if line == span.line else len(text) - len(text.lstrip())
    return start, max(start, span.end_column if line == span.end_line else len(text))


def layer_table(reading: Reading) -> str:
    """Return a table of the layers: line and name in the code, the layer, its output and its parameters."""
    head = ("line", "in the code", "layer", "output", "parameters")
    rows = [
        (
            str(made.line),
            made.name[:60],
            row.name.rpartition("-")[0],
            "×".join(map(str, row.output_shape)),
            "shared" if made.shared and row.parameters else f"{row.parameters:,}",
        )
        for made, row in zip(reading.layers, reading.count.rows, strict=True)
    ]
    cells = [_row("th", head), *(_row("td", row) for row in rows)]
    return _table("The layers of your code", cells)


def compared_table(rows: tuple[ComparedRow, ...]) -> str:
    """Return a table of compared rows: both names, both output shapes and parameters, and how they differ."""
    head = ("your table", "this network", "output", "parameters", "difference")
    looks = ("", "", "", "right", "")
    cells = [_row("th", head, looks)]
    for row in rows:
        shapes = dict.fromkeys("×".join(map(str, one.output_shape)) for one in (row.theirs, row.ours) if one)
        counts = dict.fromkeys(f"{one.parameters:,}" for one in (row.theirs, row.ours) if one)
        names = (row.theirs.name[:60] if row.theirs else "–", row.ours.name if row.ours else "–")
        words = (*names, " / ".join(shapes), " / ".join(counts), row.difference)
        cells.append(_row("td", words, looks, "wrong" if row.difference else ""))
    return _table("Your table and the network of this page", cells)


def _table(label: str, rows: list[str]) -> str:
    return (
        f'<div class="hw5-layers" tabindex="0" role="region" aria-label="{label}"><table>{"".join(rows)}</table></div>'
    )


_LOOKS = ("right", "", "", "", "right")


def _row(tag: str, words: tuple[str, ...], looks: tuple[str, ...] = _LOOKS, look_of_row: str = "") -> str:
    cells = (f'<{tag} class="{look}">{escape(word)}</{tag}>' for word, look in zip(words, looks, strict=True))
    return f'<tr class="{look_of_row}">{"".join(cells)}</tr>'
