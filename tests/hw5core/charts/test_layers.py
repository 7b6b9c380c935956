"""The bars of the layers: shares that sum to one, no data in the specification, and a selection by layer."""

import pytest

from hw5core.charts.layers import SELECTION, share_chart, share_table
from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "empty"])
def test_the_shares_of_each_measure_sum_to_one(name: str) -> None:
    table = share_table(count(PRESETS[name].architecture), None)
    assert table.groupby("measure")["share"].sum().tolist() == pytest.approx([1, 1, 1])
    assert set(table["weight"]) == {1.0}
    assert set(table["measure"]) == {"parameters", "MACs", "output values"}


def test_the_selected_layer_stands_out_and_values_are_exact() -> None:
    table = share_table(count(PRESETS["homework"].architecture), 3)
    marked = table[table["weight"] == 1.0]
    assert marked["layer"].unique().tolist() == ["Conv2d-3"]
    assert marked["exact"].tolist() == ["614,656", f"{614_400 * 57 * 57:,}", f"{256 * 57 * 57:,}"]


def test_a_network_without_parameters_is_no_error() -> None:
    assert share_table(count(parse("3x9x9")), None).empty
    assert share_table(count(parse("3x9x9 relu")), None)["share"].tolist() == [0, 0, 1]


def test_the_specification_has_no_data_and_one_selection() -> None:
    specification = share_chart()
    assert not {"data", "datasets"} & specification.keys()
    assert [parameter["name"] for parameter in specification["params"]] == [SELECTION]
