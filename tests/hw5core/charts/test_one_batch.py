"""The chart of one batch's loss along the gradient."""

import math

from hw5core.charts.one_batch import step_chart, step_table
from hw5core.charts.series import series_of
from hw5core.runs.config import RunConfig
from hw5core.runs.one_batch import GradientCheck, OneBatch

CONFIG = RunConfig(learning_rate=0.05)
CHECK = GradientCheck("Conv2d-1", (0,), 1.0, 1.0, 1e-6)


def test_losses_that_explode_have_no_rows_and_two_points_are_marked() -> None:
    one = OneBatch(0, (0.1, 1.0, 10.0, 100.0), (2.0, 1.0, 50.0, math.nan), 2.3, 2.1, CHECK)
    table = step_table({CONFIG: one})
    curve = table[table["point"].isna()]
    assert curve["rate"].tolist() == [0.1, 1.0]
    marked = table.dropna(subset=["point"]).set_index("point")
    assert marked.loc["step taken", ["rate", "loss"]].tolist() == [0.05, 2.1]
    assert marked.loc["smallest", ["rate", "loss"]].tolist() == [1.0, 1.0]


def test_the_best_step_is_found_among_losses_that_are_no_numbers() -> None:
    one = OneBatch(0, (0.1, 1.0, 10.0), (math.nan, 1.0, math.nan), 2.3, 2.1, CHECK)
    assert one.best == (1.0, 1.0)


def test_the_chart_contains_no_data() -> None:
    chart = step_chart(series_of([CONFIG]))
    assert "data" not in chart
    assert "datasets" not in chart
