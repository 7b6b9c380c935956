"""A comparison of two networks shows the differences and nothing else."""

from hypothesis import given

from hw5core.explain.comparison import differing_layers, totals
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.notation import parse
from tests.strategies import architectures


@given(architectures())
def test_a_network_does_not_differ_from_itself(architecture: Architecture) -> None:
    counted = count(architecture)
    assert differing_layers(counted, counted) == []
    assert all(total.ratio in (1.0, None) for total in totals(counted, counted))


def test_more_channels_change_the_layer_and_the_next_one() -> None:
    first, second = (count(parse(f"3x32x32 conv{channels}k3 relu conv8k3 relu")) for channels in (8, 16))
    pairs = differing_layers(first, second)
    assert [(pair.first.number, pair.second.number) for pair in pairs if pair.first and pair.second] == [
        (1, 1),
        (2, 2),
        (3, 3),
    ]
    assert totals(first, second)[0].second - totals(first, second)[0].first == 8 * (3 * 9 + 1) + 8 * 8 * 9


def test_an_inserted_layer_does_not_make_later_layers_differ() -> None:
    first = count(parse("3x32x32 conv8k3 relu conv8k3 relu"))
    second = count(parse("3x32x32 conv8k3 bn relu conv8k3 relu"))
    (pair,) = differing_layers(first, second)
    assert pair.first is None
    assert pair.second is not None
    assert pair.second.name == "BatchNorm2d-2"
