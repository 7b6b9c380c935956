"""A question bank for Moodle: numerical questions about variants of a network.

Each common mistake is an answer worth nothing, with its reason as feedback. A category holds the questions about one
layer, so a quiz can draw a random question from each.
"""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from html import escape
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from hw5core.errors import TableError
from hw5core.homework.answers.check import explain
from hw5core.homework.answers.mistakes import Question
from hw5core.homework.variants import VARIANTS, code_of, variant
from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Layer, Shape
from hw5core.network.counting import LayerCount
from hw5core.runs.spreadsheet import cleaned

MAX_TITLE = 100

_UNKNOWN = "No common mistake gives this number. Write down the formula first, then put in the numbers of this layer."


def question_bank(architecture: Architecture, variants: int, title: str) -> Iterator[str]:
    """Yield the pieces of a file in Moodle's XML format, with a question for each layer of so many variants.

    Raises LabError if there are no such variants.
    """
    if not 1 <= variants <= VARIANTS:
        raise TableError(f"a question bank has 1 to {VARIANTS:,} variants")
    if not title.strip() or len(title) > MAX_TITLE:
        raise TableError(f"the title of a question bank has 1 to {MAX_TITLE} characters")
    counts = [variant(architecture, number) for number in range(variants)]
    asked = [row.number for row in counts[0].rows if row.parameters]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n'
    for position, number in enumerate(asked, start=1):
        yield _category(title, f"Layer {position}")
        for of_variant, counted in enumerate(counts):
            yield _question(Question(counted, counted.rows[number - 1]), code_of(of_variant), position)
    yield "</quiz>\n"


def wrong_answers(question: Question) -> dict[int, str]:
    """Return the numbers that a common mistake gives, each with its reasons."""
    right = question.right
    numbers = dict.fromkeys([*question.codes, *_misspelt(right)])
    return {number: _reasons(question, number) for number in numbers if number > 0 and number != right}


def _reasons(question: Question, given: int) -> str:
    return "\n".join(f"{one.message} [{one.code}]" for one in explain(question, given))


def _misspelt(number: int) -> Iterator[int]:
    """Yield the number with a digit dropped, a digit doubled, or two neighbours exchanged."""
    digits = str(number)
    for at in range(len(digits)):
        before, digit, after = digits[:at], digits[at], digits[at + 1 :]
        if len(digits) > 1:
            yield int(before + after)
        yield int(before + 2 * digit + after)
        if after:
            yield int(before + after[0] + digit + after[1:])


def _category(title: str, layer: str) -> str:
    question = Element("question", type="category")
    # A single slash separates a category from the one that it is in.
    path = "/".join(["$course$", "top", *(name.replace("/", "//") for name in (cleaned(title).strip(), layer))])
    _text(question, "category", path)
    return _written(question)


def _question(asked: Question, code: str, position: int) -> str:
    row = asked.row
    question = Element("question", type="numerical")
    _text(question, "name", f"{code} {row.name}")
    _text(question, "questiontext", _html(_words(asked, position)), format="html")
    _text(question, "generalfeedback", _html([asked.arithmetic]), format="html")
    for tag, value in (("defaultgrade", "1"), ("penalty", "0.3333333"), ("hidden", "0")):
        SubElement(question, tag).text = value
    _answer(question, "100", str(asked.right), f"Right: {asked.arithmetic}.")
    for number, reasons in wrong_answers(asked).items():
        _answer(question, "0", str(number), reasons)
    _answer(question, "0", "*", _UNKNOWN)
    # No units: the number of parameters has none.
    for tag, value in (("unitgradingtype", "0"), ("unitpenalty", "0.1"), ("showunits", "3"), ("unitsleft", "0")):
        SubElement(question, tag).text = value
    return _written(question)


def _words(asked: Question, position: int) -> list[str]:
    row = asked.row
    return [
        f"Network {asked.counted.architecture}",
        f"Layer {position} with parameters is a {_described(row)}.",
        f"Its input has {_sides(row.input_shape)} values and its output {_sides(row.output_shape)}.",
        "How many trainable parameters does this layer have? Write a whole number with all its digits.",
    ]


def _described(row: LayerCount) -> str:
    """Return the kind of a layer and its fields in words."""
    layer: Layer = row.layer
    labels = layer.labels()
    values = [_field(labels[one.name], getattr(layer, one.name)) for one in fields(layer)]
    return f"{layer.title} ({layer}): {', '.join(values)}" if values else f"{layer.title} ({layer})"


def _field(label: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"{'with' if value else 'without'} {label}"
    return f"{label} {'x'.join(map(str, value)) if isinstance(value, tuple) else value}"


def _sides(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def _answer(question: Element, fraction: str, number: str, feedback: str) -> None:
    answer = SubElement(question, "answer", fraction=fraction, format="moodle_auto_format")
    SubElement(answer, "text").text = number
    _text(answer, "feedback", _html(feedback.split("\n")), format="html")
    SubElement(answer, "tolerance").text = "0"


def _text(parent: Element, tag: str, text: str, **attributes: str) -> None:
    SubElement(SubElement(parent, tag, attributes), "text").text = text


def _html(paragraphs: Iterable[str]) -> str:
    return "".join(f"<p>{escape(one, quote=False)}</p>" for one in paragraphs)


def _written(element: Element) -> str:
    return tostring(element, encoding="unicode") + "\n"
