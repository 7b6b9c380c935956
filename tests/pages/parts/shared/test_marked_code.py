"""The HTML of pasted code: marks are where the problems are, and nothing of the visitor's text becomes HTML."""

import re
from html import unescape
from xml.etree import ElementTree

from hw5core.pasted.read import read
from hw5core.pasted.reading import Problem
from pages.parts.shared.marked_code import layer_table, marked_code
from tests.hw5core.pasted.programs import LENET

HOSTILE = """
tag = "<img src=x onerror=alert(1)>"  # </code></pre><script>alert(1)</script>
größe = 6; model = nn.Sequential(nn.Conv2d(1, größe, 5), nn.Conv2d(5, 6, 3))  # &amp; <b>
"""


def test_the_wrong_numbers_are_marked_in_their_lines() -> None:
    text = LENET.replace("6, 16, 5", "16, 16, 5").replace("16 * 5 * 5, 120", "256, 120")
    html = marked_code(read(text, (1, 32, 32)))
    assert re.findall("<mark>(.*?)</mark>", html) == ["16", "256"]
    lines = [unescape(re.sub("<.*?>", "", line)) for line in html.split('<span class="line')[1:]]
    assert lines[3].endswith("        self.conv2 = nn.Conv2d(16, 16, 5)")
    assert len(lines) == 8  # two problems next to each other, three lines around them


def test_the_text_is_escaped_and_marked_by_characters() -> None:
    reading = read(HOSTILE)
    assert [problem.span is not None for problem in reading.problems] == [True]
    html = marked_code(reading)
    element = ElementTree.fromstring(html)
    assert [mark.text for mark in element.iter("mark")] == ["5"]
    assert {child.tag for child in element.iter()} == {"pre", "code", "span", "mark"}
    assert "<img src=x onerror=alert(1)>" in "".join(element.itertext())
    ElementTree.fromstring(layer_table(reading))


def test_a_problem_of_several_lines_is_marked_in_each() -> None:
    reading = read("model = nn.Sequential(\n    nn.Conv2d(1, 6, 5), nn.LSTM(\n        3,\n        4,\n    ),\n)")
    assert isinstance(reading.problems[0], Problem)
    assert [mark.text for mark in ElementTree.fromstring(marked_code(reading)).iter("mark")] == ["LSTM"]
