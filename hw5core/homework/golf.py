"""Design golf: a network that meets every constraint of a challenge with as few parameters as possible.

A challenge is written in one line like a network: its input, and then one word per constraint, such as
"3x96x96 out64x6x6 field51 params1000000".
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from hw5core.errors import ArchitectureError, LabError
from hw5core.network.base_layer import Shape
from hw5core.network.counting import Count, count_fitting
from hw5core.network.notation import parse
from hw5core.runs.invisible import visible

MAX_NETWORK = 400
"""The largest number of characters of a network in golf."""

MAX_NAME = 20
ANONYMOUS = "anonymous"

CHALLENGES = {
    "far-sighted": "3x96x96 out64x6x6 field51 params1000000",
    "no-linear-layer": "1x28x28 out10x1x1 field28 params20000",
    "alexnet-diet": "3x227x227 out256x6x6 field195 macs300000000",
}
"""The challenges of the app by name."""

_MAX_CHALLENGE = 120
_WORD = re.compile(r"(out|field|params|macs|layers)([1-9][0-9]{0,11}(?:x[1-9][0-9]{0,6}){0,2})")


@dataclass(frozen=True)
class Judged:
    """A constraint and whether a network meets it: what is asked, what the network has, and by how much it fails."""

    asked: str
    has: str
    miss: str = ""

    @property
    def met(self) -> bool:
        return not self.miss


Judge = Callable[[Count], Judged]


@dataclass(frozen=True)
class Challenge:
    """A challenge in one line, its input, and what judges a network by each constraint."""

    text: str
    input_shape: tuple[int, int, int]
    judges: tuple[Judge, ...] = field(compare=False, repr=False)

    def judge(self, network: Count) -> list[Judged]:
        """Return how the network meets each constraint, the input first."""
        shape, wanted = network.architecture.input_shape, self.input_shape
        miss = "" if shape == wanted else f"start with {'x'.join(map(str, wanted))}"
        return [Judged(f"input {_sides(wanted)}", _sides(shape), miss), *(judge(network) for judge in self.judges)]


def challenge_of(text: str) -> Challenge:
    """Return the challenge with this name or in this line. Raises ArchitectureError if it cannot be read."""
    line = CHALLENGES.get(text, text)
    if len(line) > _MAX_CHALLENGE:
        raise ArchitectureError(f"a challenge has at most {_MAX_CHALLENGE} characters")
    first, *words = line.lower().split() or [""]
    start = parse(first)
    if not words:
        raise ArchitectureError("a challenge has an input and at least one constraint, such as params10000")
    return Challenge(" ".join([str(start), *words]), start.input_shape, tuple(_judge(word) for word in words))


def read_network(text: str) -> Count:
    """Return the counts of a network in one line. Raises ArchitectureError if it is too long or does not fit."""
    if len(text) > MAX_NETWORK:
        raise ArchitectureError(f"a network has at most {MAX_NETWORK} characters in golf")
    return count_fitting(parse(text))


@dataclass(frozen=True)
class Entry:
    """A network on the leaderboard: who made it, and its cost."""

    player: str
    name: str
    network: str
    parameters: int
    macs: int


def short_name(text: str) -> str:
    """Return the name under which a player is shown: letters, digits and simple signs only."""
    letters = re.sub(r"[^\w .'-]", "", visible(text).replace("\n", " "))
    return " ".join(letters.split())[:MAX_NAME].strip() or ANONYMOUS


def entry_text(name: str, network: Count) -> str:
    """Return a submission as it is stored; `leaderboard` reads it back."""
    return f"{short_name(name)}\n{network.architecture}"


def leaderboard(challenge: Challenge, submissions: Mapping[str, str]) -> list[Entry]:
    """Return the entries that meet the challenge, the fewest parameters first, then the fewest MACs.

    `submissions` has the stored text of each player. Every network is judged again, so all on the board are right.
    """
    entries = [entry for player, text in submissions.items() if (entry := _entry(challenge, player, text))]
    return sorted(entries, key=lambda one: (one.parameters, one.macs))


def _entry(challenge: Challenge, player: str, text: str) -> Entry | None:
    name, _, line = text.partition("\n")
    cost = _cost(challenge.text, line)
    return Entry(player, short_name(name), line, *cost) if cost else None


@lru_cache(maxsize=4_000)
def _cost(challenge: str, line: str) -> tuple[int, int] | None:
    """Return the parameters and MACs of a network, None if it does not meet the challenge."""
    try:
        network = read_network(line)
    except LabError:
        return None
    met = all(one.met for one in challenge_of(challenge).judge(network))
    return (network.parameters, network.macs) if met else None


def _judge(word: str) -> Judge:
    """Return what judges the constraint of a word. Raises ArchitectureError."""
    found = _WORD.fullmatch(word)
    sizes = tuple(map(int, found[2].split("x"))) if found else ()
    match (found and found[1], sizes):
        case ("params", (most,)):
            return lambda network: _at_most("parameters", most, network.parameters)
        case ("macs", (most,)):
            return lambda network: _at_most("MACs", most, network.macs)
        case ("layers", (most,)):
            return lambda network: _at_most("layers", most, len(network.rows))
        case ("field", (least,)):
            return lambda network: _field_at_least(least, network)
        case ("out", (_, *_)):
            return lambda network: _output(sizes, network)
        case _:
            raise ArchitectureError(
                f"“{word[:30]}” is no constraint: write out64x6x6, field51, params10000, macs10000 or layers5"
            )


def _at_most(what: str, most: int, has: int) -> Judged:
    miss = f"{has - most:,} too many" if has > most else ""
    return Judged(f"at most {most:,} {what}", f"{has:,}", miss)


def _field_at_least(least: int, network: Count) -> Judged:
    """Judge the smaller side of the receptive field. Behind a flatten, an output sees the whole input."""
    seen = network.rows[-1].receptive_field if network.rows else (1, 1)
    sides = network.architecture.input_shape[1:] if seen is None else seen
    miss = f"{least - min(sides):,} too small" if min(sides) < least else ""
    return Judged(f"receptive field at least {least:,}", _sides(sides), miss)


def _output(wanted: Shape, network: Count) -> Judged:
    """Judge the shape of the output: channels, height and width, or only the last two."""
    shape = network.output_shape
    compared = shape[-2:] if len(wanted) == 2 and len(shape) == 3 else shape
    miss = ""
    if len(compared) != len(wanted):
        miss = "another number of dimensions"
    elif compared != wanted:
        names = ("channels", "high", "wide")[-len(wanted) :] if len(wanted) > 1 else ("features",)
        misses = (_off(name, one, other) for name, one, other in zip(names, compared, wanted, strict=True))
        miss = ", ".join(filter(None, misses))
    return Judged(f"output {_sides(wanted)}", _sides(shape), miss)


def _off(name: str, has: int, wanted: int) -> str:
    if has == wanted:
        return ""
    if name in ("channels", "features"):
        return f"{abs(has - wanted):,} {name} too {'many' if has > wanted else 'few'}"
    too = {"high": ("high", "low"), "wide": ("wide", "narrow")}[name]
    return f"{abs(has - wanted):,} too {too[has < wanted]}"


def _sides(shape: Iterable[int]) -> str:
    return " x ".join(f"{side:,}" for side in shape)
