"""Hostile, damaged and mutated text: a result or a message within bounded work, and nothing is ever executed."""

import io
import random
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hw5core.errors import LabError
from hw5core.pasted import expressions
from hw5core.pasted.read import read
from hw5core.pasted.reading import Problem, Reading, apply_fix
from tests.hw5core.pasted.keras_programs import KERAS
from tests.hw5core.pasted.programs import LENET, PROGRAMS
from tests.hw5core.pasted.torchvision_programs import TORCHVISION

MUTANTS_PER_PROGRAM = 40
ALL = {name: program[0] for name, program in (PROGRAMS | KERAS).items()} | TORCHVISION


def _attempt(text: str) -> Reading | LabError:
    """Read a text. Anything but a reading or a message is an error of the test. A reading is consistent."""
    try:
        reading = read(text)
    except LabError as error:
        return error
    assert len(reading.count.rows) == len(reading.layers)
    assert reading.count.misfit is None
    for problem in reading.problems:
        _check(reading, problem)
    return reading


def _check(reading: Reading, problem: Problem) -> None:
    lines = reading.text.split("\n")
    assert 1 <= problem.line <= len(lines)
    assert str(problem)
    for span in [one for one in (problem.span, problem.fix.span if problem.fix else None) if one]:
        assert 1 <= span.line <= span.end_line <= len(lines)
        assert 0 <= span.column <= len(lines[span.line - 1])
        assert 0 <= span.end_column <= len(lines[span.end_line - 1])
    if problem.fix:
        assert apply_fix(reading.text, problem.fix) != reading.text


@pytest.mark.parametrize("name", ALL)
def test_a_mutated_program_gives_a_result_or_a_message(name: str) -> None:
    text = ALL[name]
    words = [word.string for word in tokenize.generate_tokens(io.StringIO(text).readline) if word.string.strip()]
    generator = random.Random(name)  # the same mutants in every run
    for _ in range(MUTANTS_PER_PROGRAM):
        _attempt(_mutated(text, words, generator))


def _mutated(text: str, words: list[str], generator: random.Random) -> str:
    """Return the text with a few words deleted, doubled or replaced by others of the program or by strange ones."""
    strange = [
        "0",
        "-1",
        "10**9",
        "1e999",
        "None",
        "x",
        "self",
        "()",
        "[]",
        "**",
        "yield",
        "lambda: 0",
        "'a'",
        "\n",
        "é",
    ]
    for _ in range(generator.randint(1, 3)):
        start = text.find(generator.choice(words), generator.randrange(len(text)))
        if start < 0:
            continue
        end = start + generator.randint(1, 6)
        put = generator.choice(["", text[start:end] * 2, generator.choice(words), generator.choice(strange)])
        text = text[:start] + put + text[end:]
    return text


_ATTACKS = [
    "open({file!r}, 'w').write('x')",
    "__import__('pathlib').Path({file!r}).touch()",
    "eval(\"open({file!r}, 'w')\")",
    "exec('import os; os.system(\"touch {plain}\")')",
    "import os; os.system('touch {plain}')",
    "import subprocess; subprocess.run(['touch', {file!r}])",
    "x = [open({file!r}, 'w') for _ in range(1)]",
    "(lambda: open({file!r}, 'w'))()",
    "f'{{open({file!r}, \"w\")}}'",
    "print(open({file!r}, 'w'))",
    "@open({file!r}, 'w')\ndef f(): pass",
    "@(lambda c: open({file!r}, 'w'))\nclass C: pass",
    "class C(metaclass=open({file!r}, 'w')): pass",
    "def f(x=open({file!r}, 'w')): pass",
    "().__class__.__base__.__subclasses__()[0]({file!r})",
    "nn.Linear.__init__.__globals__['__builtins__']['open']({file!r}, 'w')",
    "torch.load({file!r}); torch.save(1, {file!r})",
    "with open({file!r}, 'w') as f: f.write('x')",
    "import numpy as np; np.save({file!r}, 1)",
    "dict(**open({file!r}, 'w'))",
    "int.__class__.__call__(open, {file!r}, 'w')",
]


@pytest.mark.parametrize("attack", _ATTACKS)
@pytest.mark.parametrize("place", ["start", "init", "forward", "end"])
def test_a_program_is_never_executed(attack: str, place: str, tmp_path: Path) -> None:
    file = tmp_path / "created"
    line = attack.format(file=str(file), plain=file)
    before = {
        "start": "\nimport torch\n",
        "init": "        self.fc2 =",
        "forward": "        x = x.view",
        "end": "\nmodel =",
    }[place]
    indent = " " * 8 if place in ("init", "forward") else ""
    inserted = "\n".join(indent + one for one in line.split("\n"))
    text = LENET.replace(before, f"\n{inserted}\n{before}", 1)
    assert line.split("\n")[0] in text
    _attempt(text)
    _attempt(line)
    assert list(tmp_path.iterdir()) == []


_LOOP = "a = [1] * 1000\nfor i in range(2000):\n  for j in range(2000):\n    "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no network was found"),
        ("   \n\n", "no network was found"),
        ("hello world", "line 1 is not Python"),
        ("x" * 1_000_000, "more than 60,000 characters"),
        ("\n" * 5_000, "more than 2,000 lines"),
        ("(" * 1_900, "line 1 is nested too deeply"),
        ("[" * 900 + "]" * 900, "line 1 is nested too deeply"),
        ("x = " + "-" * 1_900 + "1", "line 1 is nested too deeply"),
        ("x = " + "not " * 400 + "1", "line 1 is nested too deeply"),
        ("x = 1" + "+1" * 900, "line 1 is nested too deeply"),
        ("x" + ".a" * 900, "line 1 is nested too deeply"),
        ("x = " + "lambda: " * 200 + "1", "line 1 is nested too deeply"),
        ("x = " + "f(" * 900, "line 1 is nested too deeply"),
        ("x" + "()" * 900, "nested too deeply"),
        ("x" + "[0]" * 600, "nested too deeply"),
        ("".join(" " * depth + "if 1:\n" for depth in range(300)), "nested too deeply"),
        ("if 1: pass\n" + "elif 1: pass\n" * 1_900, "nested too deeply"),
        ('x = f"{' + "-" * 1_900 + '1}"', "line 1 is nested too deeply"),
        ('x = f"{' + "(" * 900 + "1" + ")" * 900 + '}"', "line 1 is"),
        ('x = f"{' + "lambda:" * 250 + '1}"', "line 1 is"),
        ("\n".join(["a = " + "{" * 38 + "1" + "}" * 38] * 600), "more than 20,000 words and signs"),
        ("x = 1\0", "line 1 has a character that is no text"),
        ("a\nb = '\ud800'", "line 2 has a character that is no text"),
        ("x = " + "9" * 1_900, "no network was found"),
        ("x = 0x" + "f" * 1_900, "no network was found"),
        ("x = 10**10**10", "no network was found"),
        ("x = 'a' * 10**10", "no network was found"),
        ("x = [0] * 10**9", "no network was found"),
        ("x = 1 << 10**9", "no network was found"),
        ("x = '%1000000000d' % 1", "no network was found"),
        ("x = f'{1:>1000000000}'", "no network was found"),
        ("a = [1, 1]\n" + "a = [a, a]\n" * 1_000 + "a == a\nnn.Linear(a, a)", "Line 1"),
        ("a = (1, 1)\n" + "a = (a, a)\n" * 1_000 + "nn.Conv2d(a, 3, a)", "Line 1"),
        ("a = [1]\n" + "a = a + a\n" * 1_000, "no network was found"),
        ("a = [1]\na.append(a)\na == a\nsum(a)\nnn.Sequential(*a)", ""),
        ("def f():\n    return f()\nf()", "no network was found"),
        ("def f(x):\n    return f(f(x))\nf(f(f(1)))", ""),
        ("for i in range(10**9):\n    x = i", "no network was found"),
        ("for i in range(2000):\n  for j in range(2000):\n    for k in range(2000): pass", "does too much"),
        (_LOOP + "b = a + a[:1]", "does too much"),
        (_LOOP + "b = a[1:]", "does too much"),
        (_LOOP + "math.prod(a)", "does too much"),
        (_LOOP + "7 in a", "does too much"),
        (_LOOP + "foo(a)", "does too much"),
        (_LOOP + "nn.Foo()", "does too much"),
        (_LOOP + "nn.Conv2d(kernal_size=3)", "does too much"),
        (_LOOP + "layers.Foo()", "does too much"),
        ("def f(" + ",\n".join(f"a{n}=1" for n in range(1_500)) + "): pass\n" + _LOOP + "f()", "does too much"),
        ("s = nn.Sequential()\n" + _LOOP + "s.append(nn.ReLU()); s[0]", "does too much"),
        (_LOOP + "lambda: " + "(\n" + "x, " * 500 + ")", "does too much"),
        ("x = '" + "a" * 3_000 + "'", "line 1 has more than 2,000 characters"),
        ("while True:\n    pass", "no network was found"),
        ("class A(A): pass\nA()", "no network was found"),
        ("model = nn.Sequential(*[nn.ReLU() for _ in range(1000)])", "Line 1"),
        ("model = nn.Sequential(nn.Conv2d(1, 10**9, 3))", "Line 1"),
        ("model = nn.Sequential(nn.Flatten(), *[nn.Linear(1000000, 1000000)] * 99)", ""),
        ("s = nn.Sequential()\ns.append(s)\nmodel = s", ""),
        ("class N(nn.Module):\n  def forward(self, x):\n    return self(x)\nmodel = N()", ""),
        ("from torch.nn import *\nmodel = Sequential(Conv2d(1, 2, 3), ReLU())", None),
        ("# -*- coding: utf-7 -*-\nmodel = nn.Sequential(nn.Conv2d(1, 2, 3))", None),
        ("größe = 3\nmodel = nn.Sequential(nn.Conv2d(1, 2, größe), nn.RéLU())", "Line 2"),
        ("\ufeffmodel = nn.Sequential(nn.Conv2d(1, 2, 3))", None),
        ("model = nn.Sequential(nn.Conv2d(1, 2, 3))\x0c\r\rx = 1\r\n", None),
    ],
)  # fmt: skip
def test_hostile_text_gets_a_message(text: str, message: str | None) -> None:
    result = _attempt(text)
    if isinstance(result, Reading):
        assert message is None or any(message in str(problem) for problem in result.problems) or not message
    else:
        assert message is not None
        assert message in str(result)


def test_the_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expressions, "MAX_STEPS", 100)
    assert "does too much to be followed" in str(_attempt(LENET))


@settings(max_examples=150)
@given(st.text(max_size=200), st.integers(0, len(LENET)))
@example("\x00", 0)
@example("\r", 100)
def test_any_text_inside_a_program_gives_a_result_or_a_message(inserted: str, place: int) -> None:
    _attempt(LENET[:place] + inserted + LENET[place:])


def test_the_log_has_no_warning_about_pasted_code() -> None:
    script = r"""from hw5core.pasted.source import parse; parse("a = '\\d'; b = 1if a else 2")"""
    done = subprocess.run([sys.executable, "-Wdefault", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
