"""The tables of the Count page: the selected row, layers after a misfit, and PyTorch's tick."""

from dataclasses import replace

from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from hw5core.training.module_report import module_report
from pages.parts.count.live_table import Row
from pages.parts.count.tables import AGREES, DISAGREES, NO_REPORT, cost_table, count_table


def test_the_selected_row_is_marked_in_both_tables() -> None:
    counted = count(PRESETS["homework"].architecture)
    for table in (count_table(counted, None, 3), cost_table(counted, 3)):
        assert [row.words[0] for row in table.rows if row.kind == "selected"] == ["▸ Conv2d-3"]
        assert table.rows[-1].kind == "total"


def test_every_row_has_a_cell_for_every_column() -> None:
    for text in (PRESETS["homework"].text, "3x7x7 conv8k3 conv8k11 relu", "1x9x9"):
        counted = count(parse(text))
        for table in (count_table(counted, None, None), cost_table(counted, None)):
            assert len(table.titles) == len(table.columns)
            assert {len(row.words) for row in table.rows} == {len(table.columns)}


def test_after_a_misfit_there_are_no_counts_and_no_total() -> None:
    rows = count_table(count(parse("3x7x7 conv8k3 conv8k11 relu")), None, None).rows
    assert [row.words[0] for row in rows] == ["input", "Conv2d-1", "⚠️ Conv2d-2", "ReLU-3"]
    assert rows[-1] == Row(("ReLU-3", "?", "?", "?", "?"))


def test_a_row_has_a_tick_only_if_pytorch_agrees() -> None:
    text = "1x28x28 conv7k3 relu"
    counted = count(parse(text))
    assert {row.words[-1] for row in count_table(counted, None, None).rows[1:]} == {NO_REPORT}
    report = module_report(text)
    assert {row.words[-1] for row in count_table(counted, report, None).rows[1:]} == {AGREES}
    wrong = replace(counted, rows=(replace(counted.rows[0], biases=6), *counted.rows[1:]))
    assert [row.words[-1] for row in count_table(wrong, report, None).rows[1:]] == [DISAGREES, AGREES, DISAGREES]


def test_a_receptive_field_larger_than_the_image_is_described_as_such() -> None:
    rows = cost_table(count(parse("1x9x12 conv2k9p4 conv2k3p1 flatten linear10")), None).rows[1:-1]
    assert [row.words[-1] for row in rows] == [
        "9×9",
        "11×11, larger than the image",
        "11×11, larger than the image",
        "the whole image",
    ]
