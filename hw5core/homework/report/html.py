"""The report as one HTML file that needs no network: its charts are live, with Vega inside the file."""

import json
from base64 import b64encode
from html import escape
from itertools import count
from pathlib import Path

from hw5core.homework.report.document import (
    Attachment,
    Block,
    Chart,
    Code,
    Document,
    Heading,
    Items,
    Missing,
    Paragraph,
    Program,
    Quote,
    Table,
)
from hw5core.homework.report.drawing import vega_bundle

_STYLE = Path(__file__).with_suffix(".css")

_POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:"
"""What the browser may do with the file. It loads nothing, also if a writer failed to escape a text."""

_ACTIONS = {"export": True, "source": False, "compiled": False, "editor": False}
"""The menu of a chart: save it as a picture. Vega's editor would be another website."""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{author}{blocks}
</main>
<script>{bundle}</script>
<script>
for (const [number, chart] of {charts}.entries())
  vegaEmbed(`#chart-${{number}}`, chart, {{actions: {actions}, renderer: "svg"}});
</script>
</body>
</html>
"""


def to_html(document: Document) -> str:
    """Return the file."""
    numbers = count()
    specifications = [{**chart.specification, "width": "container"} for chart in document.charts]
    return _PAGE.format(
        policy=_POLICY,
        title=escape(document.title),
        style=_STYLE.read_text(encoding="utf-8"),
        author=f'<p class="author" dir="auto">{escape(document.author)}</p>\n' if document.author else "",
        blocks="\n".join(_block(block, numbers) for block in document.blocks),
        bundle=vega_bundle(),
        charts=_in_script(specifications),
        actions=_in_script(_ACTIONS),
    )


def _in_script(value: object) -> str:
    """Return a value as JSON that cannot end the script: a "<" inside it is written as its number."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def _block(block: Block, numbers: "count[int]") -> str:
    match block:
        case Heading(text, level):
            return f"<h{level + 1}>{escape(text)}</h{level + 1}>"
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Missing(text):
            return f'<p class="missing">{escape(text)}</p>'
        case Quote(text):
            return f'<blockquote dir="auto">{escape(text)}</blockquote>'
        case Items(texts):
            return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"
        case Code(title, text):
            return f"<figure><figcaption>{escape(title)}</figcaption>{code_html(text)}</figure>"
        case Table():
            return table_html(block)
        case Chart(title, words, _, table):
            return (
                f'<figure><figcaption>{escape(title)}</figcaption><div class="chart" id="chart-{next(numbers)}" '
                f'role="img" aria-label="{escape(title)}. {escape(words)}"></div><p class="words">{escape(words)}</p>'
                f"<details><summary>The data as a table</summary>{table_html(table)}</details></figure>"
            )
        case Attachment(name, content, words):
            data = b64encode(content.encode()).decode()
            link = f'<a download="{escape(name)}" href="data:application/json;base64,{data}">{escape(name)}</a>'
            return f"<p>{link}: {escape(words)}</p>"
        case Program(parts):
            listing = "".join(f"<h3>{escape(words)}</h3>{code_html(code)}" for words, code in parts)
            return f"<details><summary>The program</summary>{listing}</details>"


def code_html(text: str) -> str:
    """Return lines of fixed-width text. The keyboard can scroll them."""
    return f'<pre tabindex="0">{escape(text)}</pre>'


def table_html(table: Table) -> str:
    """Return a table with its title. The keyboard can scroll it where it is too wide."""
    sides = ["right" if letter == "r" else "left" for letter in table.align]
    head = "".join(
        f'<th scope="col" class="{side}">{escape(text)}</th>' for side, text in zip(sides, table.head, strict=True)
    )
    rows = "".join(f"<tr>{_cells(row, sides)}</tr>" for row in table.rows)
    return (
        f'<div class="wide" tabindex="0"><table><caption>{escape(table.title)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cells(row: tuple[str, ...], sides: list[str]) -> str:
    first, *others = row
    cells = "".join(f'<td class="{side}">{escape(text)}</td>' for side, text in zip(sides[1:], others, strict=True))
    return f'<th scope="row" class="{sides[0]}">{escape(first)}</th>{cells}'
