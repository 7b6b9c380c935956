"""Random addresses of every page: its parameters, and values that may break a reader."""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from pages.parts.shared.old_links import RENAMED
from tools.live import ROOT
from tools.visitor import Visitor

NUMBERS = (
    "", " ", "0", "-0", "1", "3", "-1", "00003", "1_000", "+5", " 7 ", "3.7", "1e3", "0x10", "1e-400", "1e999",
    "-1e999", "inf", "-inf", "+Infinity", "nan", "-nan", "1e308", "-1e308", str(2**31), str(2**31 - 1),
    str(2**53 + 1), str(2**63), str(-(2**63)), str(2**64), str(10**30), "9" * 400, "9" * 5_000, "1" + "0" * 300,
    "0." + "0" * 400 + "1", "٣", "３", "²", "½", "1,5", "1e", "e5", "true", "None", "[1]", "1;2", "5\x00", "\x00",
    "1\n2", "−1", "1e5e5", "0,0", ".", "-",
)  # fmt: skip
"""Texts for a parameter that is a number: not finite, huge, negative, other digits, almost numbers."""

_MARKUP = "<script>document.title='x'</script>"
_TEXTS = (
    "x" * 20_000, "💥" * 50, _MARKUP, "**b** [a](javascript:alert(1)) $x$ :smile:", "\r\nX: y",
    "../../../../etc/passwd", "..\\..\\secret.txt", "relu,sigmoid", "relu", "sigmoid", "mnist", "digits", "true",
    "false", "[]", "{}", "%s%n", "0" * 16, "'; DROP TABLE runs; --", "1x28x28 flatten relu linear10",
    "1x28x28 conv1000000k28 relu flatten linear10", f"1x28x28 conv{'9' * 5_000}k3", "1x28x28 conv³k3 linear10",
    "0.05, 0.02", "1e999, nan", "epochs", "nothing", "he",
)  # fmt: skip
_MAX_OF_ONE = 2_000
"""The largest number of times that an address repeats one parameter."""


def parameters_in_sources() -> set[str]:
    """Return every parameter that a page's source reads itself, instead of binding it to a widget."""
    sources = [path.read_text(encoding="utf-8") for path in Path(ROOT / "pages").rglob("*.py")]
    named = {
        name for text in sources for name in re.findall(r"(\w+) in st\.query_params|query_params[.\w]*[\[(](\w+)", text)
    }
    constants = [pair for text in sources for pair in re.findall(r'^(\w+) = "([^"]+)"$', text, re.MULTILINE)]
    return {value for name, value in constants if name in set().union(*named)} | set(RENAMED)


def parameters_of(tab: Visitor) -> set[str]:
    """Return the parameters that this page binds to its widgets."""
    shown = [(one.WhichOneof("type") or "", one) for one in tab.elements.values()]
    return {getattr(getattr(one, kind), "query_param_key", "") for kind, one in shown if kind} - {""}


def random_query(dice: random.Random, names: Sequence[str], run_ids: Sequence[str]) -> str:
    """Return a query with random values for some of the parameters. One of them may be there many times."""
    chosen = dice.sample(names, dice.randrange(1, min(9, len(names))))
    pairs = [(name, dice.choice(dice.choice((NUMBERS, NUMBERS, _TEXTS, run_ids)))) for name in chosen]
    if dice.random() < 0.1:
        value = dice.choice((*NUMBERS, *run_ids))
        pairs += [(chosen[0], value)] * (dice.choice((2, 30, _MAX_OF_ONE)) if len(value) < 100 else 2)
    dice.shuffle(pairs)
    return urlencode(pairs)
