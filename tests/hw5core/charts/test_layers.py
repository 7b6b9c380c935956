"""The bars: shares that sum to one, one data source, and a selection by layer."""

import pytest

from hw5core.charts.layers import SELECTION, share_chart, share_table
from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "empty"])
def test_each_measures_shares_sum_to_one(name: str) -> None:
    table = share_table(count(PRESETS[name].architecture), None)
    assert table.groupby("measure")["share"].sum().tolist() == pytest.approx([1, 1, 1])
    assert set(table["weight"]) == {1.0}


def test_exact_values_and_the_selected_layer() -> None:
    table = share_table(count(PRESETS["homework"].architecture), 3)
    marked = table[table["weight"] == 1.0]
    assert marked["layer"].unique().tolist() == ["Conv2d-3"]
    assert marked["exact"].tolist() == ["614,656", f"{614_400 * 57 * 57:,}", f"{256 * 57 * 57:,}"]


def test_nothing_to_share_is_no_error() -> None:
    assert share_table(count(parse("3x9x9")), None).empty
    assert share_table(count(parse("3x9x9 relu")), None)["share"].tolist() == [0, 0, 1]


def test_the_specification_holds_no_data_and_one_selection() -> None:
    specification = share_chart()
    assert not {"data", "datasets"} & specification.keys()
    assert [parameter["name"] for parameter in specification["params"]] == [SELECTION]
