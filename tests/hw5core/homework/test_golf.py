"""Design golf: which constraint fails and by how much, and a leaderboard of right networks only."""

import pytest

from hw5core.errors import ArchitectureError
from hw5core.homework.golf import (
    ANONYMOUS,
    CHALLENGES,
    MAX_NAME,
    MAX_NETWORK,
    challenge_of,
    entry_text,
    leaderboard,
    read_network,
    short_name,
)

SOLUTIONS = {
    "far-sighted": "3x96x96 conv4k7s4 relu conv3k7s2p3 relu conv64k5s2p2",
    "no-linear-layer": "1x28x28 conv4k5 maxpool2 conv8k5 maxpool2 conv10k4",
    "alexnet-diet": "3x227x227 conv32k11s4 maxpool3s2 conv64k5p2 maxpool3s2 conv64k3p1 conv64k3p1 conv256k3p1 "
    "maxpool3s2",
}


def _misses(challenge: str, network: str) -> dict[str, str]:
    return {one.asked: one.miss for one in challenge_of(challenge).judge(read_network(network)) if not one.met}


@pytest.mark.parametrize("name", CHALLENGES)
def test_every_challenge_can_be_met(name: str) -> None:
    assert not _misses(name, SOLUTIONS[name])


@pytest.mark.parametrize(
    ("challenge", "network", "misses"),
    [
        # 3 * 10 * 25 + 10 = 760 parameters, at 28 x 28 places 750 multiplications each.
        ("3x32x32 params759", "3x32x32 conv10k5", {"at most 759 parameters": "1 too many"}),
        ("3x32x32 params760 macs588000", "3x32x32 conv10k5", {}),
        ("3x32x32 macs587999", "3x32x32 conv10k5", {"at most 587,999 MACs": "1 too many"}),
        ("3x32x32 layers1", "3x32x32 conv10k5 relu", {"at most 1 layers": "1 too many"}),
        ("3x32x32 field6", "3x32x32 conv10k5", {"receptive field at least 6": "1 too small"}),
        ("3x32x32 field5", "3x32x32 conv10k7x5", {}),
        ("3x32x32 field2", "3x32x32", {"receptive field at least 2": "1 too small"}),
        ("3x32x32 field32", "3x32x32 flatten linear2", {}),
        ("3x32x32 out28x28", "3x32x32 conv10k5", {}),
        ("3x32x32 out30x27", "3x32x32 conv10k5", {"output 30 x 27": "2 too low, 1 too wide"}),
        (
            "3x32x32 out12x27x30",
            "3x32x32 conv10k5",
            {"output 12 x 27 x 30": "2 channels too few, 1 too high, 2 too narrow"},
        ),
        ("3x32x32 out10", "3x32x32 conv10k5", {"output 10": "another number of dimensions"}),
        ("3x32x32 out10", "3x32x32 flatten linear13", {"output 10": "3 features too many"}),
        ("3x32x32 params1000", "1x32x32 conv10k5", {"input 3 x 32 x 32": "start with 3x32x32"}),
    ],
)
def test_a_failed_constraint_says_by_how_much(challenge: str, network: str, misses: dict[str, str]) -> None:
    assert _misses(challenge, network) == misses


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "input"),
        ("3x32x32", "at least one constraint"),
        ("3x32x32 params", "no constraint"),
        ("3x32x32 params-1", "no constraint"),
        ("3x32x32 params0", "no constraint"),
        ("3x32x32 params5x5", "no constraint"),
        ("3x32x32 <b>", "no constraint"),
        ("3x32x32 " + "params1 " * 100, "at most 120"),
        ("9999999x1x1 params1", "input channels"),
    ],
)
def test_a_challenge_that_cannot_be_read_says_why(text: str, problem: str) -> None:
    with pytest.raises(ArchitectureError, match=problem):
        challenge_of(text)


def test_spaces_and_capitals_of_a_challenge_make_no_difference() -> None:
    assert challenge_of(" 3x32x32  PARAMS10 ") == challenge_of("3x32x32 params10")


@pytest.mark.parametrize("network", ["3x32x32 " + "relu " * MAX_NETWORK, "3x32x32 conv10k50", "nothing"])
def test_a_network_that_does_not_work_is_refused(network: str) -> None:
    with pytest.raises(ArchitectureError):
        read_network(network)


def test_the_smallest_right_network_wins_and_others_are_not_on_the_board() -> None:
    challenge = challenge_of("3x32x32 out10x28x28")
    submissions = {
        "a": entry_text("Ana", read_network("3x32x32 conv10k5")),
        "b": entry_text("Ben", read_network("3x32x32 conv1k3 conv10k3")),
        "c": entry_text("Cat", read_network("3x32x32 conv10k3")),
        "d": entry_text("Dan", read_network("3x32x32 maxpool5s1 conv10k1")),
        "e": "no entry",
        "f": "Eve\n3x32x32 conv10k50",
        "g": "",
    }
    board = leaderboard(challenge, submissions)
    assert [(one.name, one.parameters) for one in board] == [("Dan", 40), ("Ben", 128), ("Ana", 760)]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Ana", "Ana"),
        ("  Jean-Luc  O'Neil jr. ", "Jean-Luc O'Neil jr."),
        ("<script>x</script>", "scriptxscript"),
        ("\u202eevil\0\n2nd", "evil 2nd"),
        ("", ANONYMOUS),
        ("<>&", ANONYMOUS),
        ("名前", "名前"),
        ("x" * 1_000_000, "x" * MAX_NAME),
    ],
)
def test_a_short_name_is_short_and_plain(given: str, shown: str) -> None:
    assert short_name(given) == shown
