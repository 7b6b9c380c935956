"""A thousand generated mistakes of each kind on random networks get the right explanation.

Each mistake is computed here from the definition of the layer, not with the functions under test.
"""

import random
from collections.abc import Callable, Iterator
from functools import cache
from math import prod

import pytest

from hw5core.homework.answers.check import CheckedSheet, Explanation, check_text
from hw5core.homework.answers.mistakes import MISTAKES
from hw5core.homework.answers.slips import SLIPS
from hw5core.network.counting import Count, LayerCount, count
from hw5core.network.fields import pair
from hw5core.network.layers import BatchNorm, Conv, Flatten, Linear, PReLU
from hw5core.network.notation import parse

TRIALS = 1_000
CODES = {*MISTAKES, *SLIPS, "result-slip", "arithmetic-slip", "sum-slip", "unknown"}


@cache
def _networks() -> list[Count]:
    random_ = random.Random(18)
    return [_network(random_) for _ in range(60)]


def _network(random_: random.Random) -> Count:
    """Return a network of the size of those in lectures: convolutions with all options, poolings and linear layers."""
    while True:
        words = [f"{random_.choice([1, 3])}x{random_.randint(120, 250)}x{random_.randint(120, 250)}"]
        for at in range(random_.randint(3, 5)):
            channels = random_.choice([24, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 512])
            groups = random_.choice(["", "", "g2", "g4"]) if at else ""
            kernel = random_.choice([3, 3, 5, 7, 9, 11])
            words.append(f"conv{channels}k{kernel}s{random_.choice([1, 1, 2, 3])}p{random_.randint(0, 3)}{groups}")
            words += random_.choice([["relu"], ["bn", "relu"], ["relu", "maxpool2"]])
        words += ["maxpool2", "flatten", f"linear{random_.randint(40, 900)}", "relu", f"linear{random_.randint(5, 99)}"]
        counted = count(parse(" ".join(words)))
        if counted.misfit is None and prod(counted.rows[-5].output_shape[1:]) > 1:
            return counted


def _conv(row: LayerCount) -> tuple[int, int, int, int, int, int]:
    """Return input channels, output channels, groups, and height, width and stride of the kernel."""
    layer = row.layer
    assert isinstance(layer, Conv)
    return (row.input_shape[0], layer.out_channels, layer.groups, *pair(layer.kernel_size), pair(layer.stride)[0])


Maker = Callable[[random.Random, Count], tuple[str, str] | None]
"""Makes one answer with a mistake: the name of its layer, and its line. None if the network has no place for it."""

MAKERS: dict[str, Maker] = {}


def _of_row(code: str, *kinds: type) -> Callable[[Callable[..., int | None]], Maker]:
    """Enter a function that returns the wrong number for a random layer of these kinds."""

    def enter(wrong: Callable[..., int | None]) -> Maker:
        def make(random_: random.Random, counted: Count) -> tuple[str, str] | None:
            rows = [row for row in counted.rows if isinstance(row.layer, kinds)]
            if not rows:
                return None
            row = random_.choice(rows)
            number = wrong(random_, row, counted)
            if number is None or number == row.parameters or number < 1:
                return None
            return row.name, f"{row.name} = {number:,}"

        MAKERS[code] = make
        return make

    return enter


@_of_row("bias-forgotten", Conv, Linear)
def _bias_forgotten(random_, row, counted):
    return prod(row.output_shape[:1]) * -1 + row.parameters


@_of_row("bias-per-connection", Conv)
def _bias_per_connection(random_, row, counted):
    ins, outs, groups, height, width, _ = _conv(row)
    return ins // groups * outs * (height * width + 1)


@_of_row("input-channels-forgotten", Conv)
def _input_channels_forgotten(random_, row, counted):
    _, outs, _, height, width, _ = _conv(row)
    return outs * height * width + outs


@_of_row("kernel-not-squared", Conv)
def _kernel_not_squared(random_, row, counted):
    ins, outs, groups, height, _, _ = _conv(row)
    return ins // groups * outs * height + outs


@_of_row("stride-multiplied", Conv)
def _stride_multiplied(random_, row, counted):
    ins, outs, groups, height, width, stride = _conv(row)
    return ins // groups * outs * height * width * random_.choice([stride, stride**2]) + outs


@_of_row("image-multiplied", Conv)
def _image_multiplied(random_, row, counted):
    ins, outs, groups, height, width, _ = _conv(row)
    pixels = prod(random_.choice([row.output_shape, row.input_shape])[1:])
    return ins // groups * outs * height * width * pixels + outs


@_of_row("groups-ignored", Conv)
def _groups_ignored(random_, row, counted):
    ins, outs, _, height, width, _ = _conv(row)
    return ins * outs * height * width + outs


@_of_row("neighbour-channels", Conv)
def _neighbour_channels(random_, row, counted):
    convs = [one for one in counted.rows if isinstance(one.layer, Conv)]
    at = convs.index(row)
    neighbours = convs[max(at - 1, 0) : at] + convs[at + 1 : at + 2]
    _, outs, groups, height, width, _ = _conv(row)
    channels = random_.choice(neighbours).layer.out_channels
    if channels == row.input_shape[0] or channels % groups:
        return None
    return channels // groups * outs * height * width + outs


@_of_row("layers-exchanged", Conv, Linear)
def _layers_exchanged(random_, row, counted):
    return random_.choice([one.parameters for one in counted.rows if one.parameters and one.number != row.number])


@_of_row("running-stats-counted", BatchNorm)
def _running_stats_counted(random_, row, counted):
    return 4 * row.input_shape[0]


@_of_row("flatten-size", Linear)
def _flatten_size(random_, row, counted):
    flatten = next(one for one in counted.rows if isinstance(one.layer, Flatten))
    if row.input_shape != flatten.output_shape:
        return None
    channels, height, width = flatten.input_shape
    before = counted.rows[flatten.number - 2]  # the pooling
    sizes = [channels, height * width, channels * (height + 1) * (width + 1), prod(before.input_shape)]
    outs = row.output_shape[0]
    return random_.choice(sizes) * outs + outs


def _slip(change: Callable[[random.Random, str], str]) -> Callable[..., int]:
    return lambda random_, row, _: int(change(random_, str(row.parameters)))


def _changed(random_: random.Random, text: str) -> str:
    at = random_.randrange(len(text))
    return text[:at] + random_.choice("123456789") + text[at + 1 :]


def _dropped(random_: random.Random, text: str) -> str:
    at = random_.randrange(len(text))
    return text[:at] + text[at + 1 :]


def _doubled(random_: random.Random, text: str) -> str:
    at = random_.randrange(len(text))
    return text[: at + 1] + text[at:]


def _exchanged(random_: random.Random, text: str) -> str:
    at = random_.randrange(len(text) - 1)
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text if swapped.startswith("0") else swapped


for _code, _change in {
    "digit-changed": _changed,
    "digit-dropped": _dropped,
    "digit-doubled": _doubled,
    "digits-exchanged": _exchanged,
}.items():
    _of_row(_code, Conv, Linear)(_slip(_change))


def _weighted(random_: random.Random, counted: Count) -> LayerCount:
    return random_.choice([row for row in counted.rows if isinstance(row.layer, Conv)])


def _sum_of(row: LayerCount, more: int = 0) -> str:
    ins, outs, groups, height, width, _ = _conv(row)
    return f"{ins // groups} * {outs} * ({height} * {width}) + {outs + more}"


def _result_slip(random_: random.Random, counted: Count) -> tuple[str, str]:
    row = _weighted(random_, counted)
    wrong = row.parameters + random_.choice([-1, 1]) * random_.randint(1, row.parameters - 1)
    return row.name, f"{row.name}: {_sum_of(row)} = {wrong:,} parameters"


def _arithmetic_slip(random_: random.Random, counted: Count) -> tuple[str, str]:
    row = _weighted(random_, counted)
    return row.name, f"{row.name}: {_sum_of(row, random_.randint(1, 9))} = {row.parameters:,}"


def _sum_slip(random_: random.Random, counted: Count) -> tuple[str, str]:
    lines = [f"{row.name} {row.parameters}" for row in counted.rows if row.parameters]
    wrong = counted.parameters + random_.choice([-1, 1]) * random_.randint(1, counted.parameters - 1)
    return "", "\n".join([*lines, f"Total: {wrong}"])


def _unknown(random_: random.Random, counted: Count) -> tuple[str, str]:
    row = _weighted(random_, counted)
    return row.name, f"{row.name} {row.parameters + random_.randint(1, row.parameters)}"


MAKERS |= {
    "result-slip": _result_slip,
    "arithmetic-slip": _arithmetic_slip,
    "sum-slip": _sum_slip,
    "unknown": _unknown,
}


def _answers(code: str) -> Iterator[tuple[Count, str, str]]:
    """Yield a thousand answers with the mistake: network, name of the layer, text."""
    random_ = random.Random(code)
    made = 0
    while made < TRIALS:
        counted = random_.choice(_networks())
        if answer := MAKERS[code](random_, counted):
            made += 1
            yield counted, *answer


def _explanations(sheet: CheckedSheet, layer: str) -> tuple[Explanation, ...]:
    return next(one for one in (*sheet.lines, sheet.total) if one.layer == layer).explanations


def test_every_code_has_generated_mistakes() -> None:
    assert MAKERS.keys() == CODES


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted(CODES))
def test_the_right_code_is_among_the_first_two_of_almost_all_mistakes(code: str) -> None:
    missed = []
    for counted, layer, text in _answers(code):
        sheet = check_text(counted, text)
        codes = [one.code for one in _explanations(sheet, layer)]
        assert not sheet.correct
        assert len(set(codes)) == len(codes) > 0
        if code not in codes[:2]:
            missed.append((str(counted.architecture), text, codes))
    assert len(missed) <= TRIALS // 100, missed[:5]


def test_right_answers_are_never_flagged() -> None:
    for counted in _networks():
        rows = [row for row in counted.rows if row.parameters]
        bare = "\n".join(f"{row.parameters:,}" for row in rows)
        with_arithmetic = "\n".join(
            f"{row.name}: {_sum_of(row) if isinstance(row.layer, Conv) else row.parameters} = {row.parameters}"
            for row in rows
        )
        for text in (bare, f"{bare}\n{counted.parameters}", f"{with_arithmetic}\ntotal {counted.parameters:_}"):
            sheet = check_text(counted, text)
            assert sheet.correct
            assert not any(one.explanations for one in (*sheet.lines, sheet.total))


def test_an_ambiguous_number_has_all_its_explanations() -> None:
    counted = count(parse("3x32x32 conv8k3 relu conv16k3 relu"))
    sheet = check_text(counted, "conv1 80")
    assert [one.code for one in _explanations(sheet, "Conv2d-1")] == ["kernel-not-squared", "input-channels-forgotten"]


def test_a_kind_of_layer_with_weights_does_not_silently_lack_common_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = count(parse("1x8x8 conv4k3 prelu"))
    assert not check_text(counted, "prelu2 = 5").correct
    monkeypatch.setattr(PReLU, "draws_weights", True)
    with pytest.raises(TypeError, match="the factors of PReLU are missing"):
        check_text(counted, "prelu2 = 5")
