"""The bounds of a layer's fields: the last values that fit, and one step further does not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw5core.errors import ArchitectureError
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.fields import Limit, Sides, pair
from hw5core.network.layers import Conv
from hw5core.network.layers.window import Window
from hw5core.network.windows import fitting_groups
from tests.strategies import architectures


def _fits(architecture: Architecture, place: int, **change: Sides) -> bool:
    try:
        layers = list(architecture.layers)
        layers[place] = replace(layers[place], **change)  # type: ignore[arg-type]
        counted = count(Architecture(architecture.input_shape, tuple(layers)))
    except ArchitectureError:
        return False
    return counted.misfit is None or counted.misfit.number > place + 1


@settings(max_examples=150)
@given(architectures())
def test_windows_fit_at_both_bounds_and_not_beyond(architecture: Architecture) -> None:
    for place, row in enumerate(count(architecture).rows):
        if not isinstance(row.layer, Window):
            continue
        bounds, limits = row.layer.bounds(row.input_shape), row.layer.limits()
        for name, sides in row.layer.side_bounds(row.input_shape).items():
            value = getattr(row.layer, name)
            for axis, limit in enumerate(sides):
                for number, fits in _at_the_bounds(name, limit, limits[name]):
                    changed = list(pair(0 if value == "same" else value))
                    changed[axis] = number
                    if value != "same":
                        assert _fits(architecture, place, **{name: tuple(changed)}) == fits
            if isinstance(value, int):
                for number, fits in _at_the_bounds(name, bounds[name], limits[name]):
                    assert _fits(architecture, place, **{name: number}) == fits


def _at_the_bounds(name: str, bound: Limit, limit: Limit) -> Iterator[tuple[int, bool]]:
    """Return the values at both bounds and one step further, and whether the layer fits with them."""
    yield from ((bound.lowest, True), (bound.highest, True))
    if bound.lowest > limit.lowest:
        yield bound.lowest - 1, False
    if name != "stride" and bound.highest < limit.highest:
        yield bound.highest + 1, False


def test_the_bounds_include_the_present_value_even_if_it_does_not_fit() -> None:
    limit = Conv(8, 11).bounds((3, 7, 7))["kernel_size"]
    assert (limit.lowest, limit.highest) == (1, 11)


@given(st.integers(1, 2_000), st.integers(1, 2_000))
def test_fitting_groups_divide_both_channel_counts(ins: int, outs: int) -> None:
    assert fitting_groups(ins, outs) == [
        groups for groups in range(1, ins + 1) if not ins % groups and not outs % groups
    ]


@pytest.mark.parametrize("shape", [(), (12,)])
def test_without_a_known_input_the_bounds_are_the_limits(shape: tuple[int, ...]) -> None:
    assert Conv(8, 3).bounds(shape) == Conv.limits()
