"""The chart of one class's probability through training, and its words."""

import math

from hw5core.charts.one_class import one_class_chart, one_class_in_words, one_class_table
from hw5core.charts.series import series_of
from hw5core.runs.config import RunConfig, race

CURVES = {
    "ReLU": [("start", 0, 0.1), ("epoch 0", 1_078, 0.75), ("epoch 1", 2_156, 0.5), ("epoch 2", 3_234, 0.987654321)],
    "sigmoid": [("start", 0, 0.6), ("epoch 0", 1_078, 0.7)],
}


def test_the_table_has_the_exact_probabilities_and_the_mark() -> None:
    table = one_class_table(CURVES, "epoch 0")
    assert table["probability"].tolist()[3] == 98.7654321
    assert table["batches"].tolist() == [0, 1_078, 2_156, 3_234, 0, 1_078]
    assert [one for one in table["mark"] if not math.isnan(one)] == [1_078, 1_078]


def test_the_words_say_from_when_on_a_class_is_likely() -> None:
    relu, sigmoid = one_class_in_words(CURVES)
    assert relu == "ReLU: 10.00 % at the start, 98.77 % after epoch 2; above 50 % from epoch 2 on"
    assert sigmoid == "sigmoid: 60.00 % at the start, 70.00 % after epoch 0; above 50 % from the start on"
    unlikely = {"ReLU": CURVES["ReLU"][:3], "tanh": CURVES["ReLU"][:1]}
    assert one_class_in_words(unlikely) == [
        "ReLU: 10.00 % at the start, 50.00 % after epoch 1; not above 50 % there",
        "tanh: 10.00 % at the start",
    ]


def test_the_chart_has_one_source_and_exact_tooltips() -> None:
    chart = one_class_chart(series_of(race(RunConfig())))
    assert {layer["data"]["name"] for layer in chart["layer"] if "data" in layer} <= {"rows"}
    (hints,) = (layer["encoding"]["tooltip"] for layer in chart["layer"] if "tooltip" in layer.get("encoding", {}))
    assert [hint["field"] for hint in hints] == ["series", "checkpoint", "batches", "probability"]
    assert hints[3]["format"] == ".7~g"
