"""Variants of a network: the same for a student everywhere, and as difficult as the original."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hw5core.errors import ArchitectureError
from hw5core.homework.answers.check import check_text
from hw5core.homework.variants import VARIANTS, code_of, variant, variant_number
from hw5core.network.architecture import Architecture
from hw5core.network.counting import Count, count
from hw5core.network.layers import Conv, PReLU
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS

ROOT = Path(__file__).parents[3]
HOMEWORK = PRESETS["homework"].architecture

PINNED_NUMBERS = [769, 556]
PINNED_NETWORKS = [
    "3x248x248 conv192k11s4 relu conv352k3p1 relu conv256k3p1 relu conv256k5p2 relu conv128k3s4 relu",
    "3x268x268 conv128k13s4 relu conv192k5p1 relu conv384k3p1 relu conv384k3p1 relu conv256k3s4 relu",
]


def _digits(counted: Count) -> list[int]:
    return [len(str(row.parameters)) for row in counted.rows]


def test_two_variants_are_pinned_so_that_every_version_gives_a_student_the_same_network() -> None:
    assert [variant_number("Anna Müller"), variant_number("s1234567")] == PINNED_NUMBERS
    assert [str(variant(HOMEWORK, number).architecture) for number in PINNED_NUMBERS] == PINNED_NETWORKS


def test_another_process_with_other_hashes_gives_the_same_variants() -> None:
    program = (
        "from hw5core.homework.variants import *; from hw5core.network.presets import PRESETS; "
        "print(variant(PRESETS['lenet-5'].architecture, variant_number('x')).architecture)"
    )
    here = str(variant(PRESETS["lenet-5"].architecture, variant_number("x")).architecture)
    printed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
    )
    assert printed.stdout.strip() == here


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "empty"])
def test_a_variant_of_every_preset_has_as_many_digits_and_the_same_layers(name: str) -> None:
    base = count(PRESETS[name].architecture)
    networks = set()
    for number in range(12):
        varied = variant(base.architecture, number)
        networks.add(str(varied.architecture))
        assert varied.misfit is None
        assert _digits(varied) == _digits(base)
        assert len(str(varied.parameters)) == len(str(base.parameters))
        for row, original in zip(varied.rows, base.rows, strict=True):
            assert type(row.layer) is type(original.layer)
            if isinstance(row.layer, Conv) and isinstance(original.layer, Conv):
                assert (row.layer.stride, row.layer.groups) == (original.layer.stride, original.layer.groups)
                assert bool(row.layer.padding) == bool(original.layer.padding)
                assert row.layer.bias == original.layer.bias
    assert len(networks) >= 10
    assert str(base.architecture) not in networks


def test_capitals_spaces_and_the_spelling_of_accents_make_no_difference() -> None:
    assert len({variant_number(name) for name in ("Anna Müller", " anna  müller", "ANNA MU\u0308LLER")}) == 1


def test_the_code_of_a_variant_stands_for_the_name() -> None:
    number = variant_number("Anna Müller")
    assert variant_number(code_of(number)) == variant_number(code_of(number).upper()) == number


def test_names_spread_over_all_variants() -> None:
    numbers = {variant_number(str(student)) for student in range(20_000)}
    assert numbers == set(range(VARIANTS))


def test_the_answers_of_a_variant_are_right_for_it_and_wrong_for_another() -> None:
    one, other = variant(HOMEWORK, 1), variant(HOMEWORK, 2)
    answers = "\n".join(f"{row.name} = {row.parameters}" for row in one.rows if row.parameters)
    assert check_text(one, answers).correct
    assert not check_text(other, answers).correct


@pytest.mark.parametrize(
    ("network", "problem"),
    [("1x5x5 conv1k1", "no variants"), ("1x5x5 conv1k9", "layer 1"), ("1x8x8 conv3k3 linear2", "layer 2")],
)
def test_a_network_without_variants_says_why(network: str, problem: str) -> None:
    with pytest.raises(ArchitectureError, match=problem):
        variant(parse(network), 0)


@pytest.mark.parametrize("name", ["", "  \t", "x" * 201])
def test_a_name_that_is_empty_or_too_long_is_refused(name: str) -> None:
    with pytest.raises(ArchitectureError, match="name"):
        variant_number(name)


@pytest.mark.parametrize("code", ["v9999", "v12", " V4 ", "v0042"])
def test_a_mistyped_code_is_no_name(code: str) -> None:
    with pytest.raises(ArchitectureError, match="the codes are v000 to v999"):
        variant_number(code)


@pytest.mark.parametrize(
    "name", ["V00123456", "v12345", "=1+1", "\0", "\udc80", "\u202eabc", "\ufdfa" * 200, "<b>", "名前", "'; drop table"]
)
def test_any_name_has_a_variant(name: str) -> None:
    assert 0 <= variant_number(name) < VARIANTS


def test_the_largest_networks_have_variants_or_a_message_soon() -> None:
    channels = " ".join(["conv1000000k1"] * 99)
    assert isinstance(variant(parse(f"1000000x64x64 {channels}"), 0).architecture, Architecture)


def test_a_kind_of_layer_with_weights_does_not_silently_stay_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PReLU, "draws_weights", True)
    with pytest.raises(TypeError, match="the variants of PReLU are missing"):
        variant(parse("1x9x9 conv13k3 prelu"), 0)
