"""What the class sees of checked answers: the mistakes and numbers, never a word of the student."""

from collections import Counter

import pytest

from hw5core.homework.answers.check import check_text
from hw5core.homework.hand_ins import (
    MAX_MISTAKES,
    ClassMistakes,
    HandIn,
    Mistake,
    class_key,
    class_mistakes,
    hand_in_text,
    read_hand_in,
)
from hw5core.homework.variants import variant
from hw5core.network.counting import count
from hw5core.network.notation import parse

NETWORK = parse("3x32x32 conv8k5 relu conv16k3 relu")
COUNTED = count(NETWORK)
FORGOTTEN = Mistake("bias-forgotten", "Conv2d-1", 600)


def test_a_hand_in_has_the_mistakes_and_no_word_of_the_student() -> None:
    text = hand_in_text(check_text(COUNTED, "Anna Müller\nconv1 Anna 600\n1168\ntotal 1768"), 4, is_variant=False)
    assert "Anna" not in text
    total = Mistake("bias-forgotten", "Total", 1_768)
    assert read_hand_in(text) == HandIn(1, 2, 4, (FORGOTTEN, total))


def test_a_missing_answer_is_no_mistake_but_not_right() -> None:
    text = hand_in_text(check_text(COUNTED, "conv1 608"), 0, is_variant=False)
    assert read_hand_in(text) == HandIn(1, 2, 0, ())
    assert class_mistakes([text]) == ClassMistakes(1, 0, 0, {})


def test_numbers_that_would_tell_a_variant_or_are_too_long_are_left_out() -> None:
    own = variant(NETWORK, 42)
    first = own.rows[0].parameters
    text = hand_in_text(check_text(own, f"conv1 {first - own.rows[0].biases}"), 0, is_variant=True)
    assert str(first - own.rows[0].biases) not in text
    read = read_hand_in(text)
    assert read
    assert read.mistakes == (Mistake("bias-forgotten", "Conv2d-1", None),)
    read = read_hand_in(hand_in_text(check_text(COUNTED, f"conv1 {'9' * 20}"), 0, is_variant=False))
    assert read
    assert read.mistakes == (Mistake("unknown", "Conv2d-1", None),)


def test_a_hand_in_is_bounded() -> None:
    network = count(parse("1x64x64" + " conv2k1 relu" * 30))
    text = hand_in_text(check_text(network, "7\n" * 30), 10**9, is_variant=False)
    read = read_hand_in(text)
    assert read
    assert (len(read.mistakes), read.hints) == (MAX_MISTAKES, 999)
    assert len(text) < 2_000


@pytest.mark.parametrize("text", ["", "x", "1 of 2, hints 0\n<b> Conv2d-1 3", "1 of 2, hints 0\nunknown Conv2d-1 -3\n"])
def test_what_is_no_hand_in_is_left_out(text: str) -> None:
    assert read_hand_in(text) is None
    assert class_mistakes([text, hand_in_text(check_text(COUNTED, "608\n1168"), 1, is_variant=False)]).hand_ins == 1


def test_the_mistakes_of_a_class_are_counted_with_their_answers() -> None:
    answers = ["600\n1168", "600\n1168\n", "608\n1152", "608\n77777", "608\n1168\n1776"]
    shown = class_mistakes(
        hand_in_text(check_text(COUNTED, text), at, is_variant=False) for at, text in enumerate(answers)
    )
    assert (shown.hand_ins, shown.all_right, shown.hints) == (5, 1, 10)
    assert list(shown.answers) == ["bias-forgotten", "unknown"]
    assert shown.answers["bias-forgotten"] == Counter({("Conv2d-1", 600): 2, ("Conv2d-3", 1_152): 1})


def test_each_network_has_its_own_class() -> None:
    assert class_key(NETWORK) == class_key(parse(str(NETWORK))) != class_key(parse("3x32x32 conv8k5"))
