"""Tooltips of all charts show at most four decimals, and call a line what it is."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from hw5core.charts import budget, depth, functions, layers, one_batch, one_class, race, steps, sweeps
from hw5core.charts.series import series_of
from hw5core.runs import config

CONFIGS = config.race(config.RunConfig(epochs=3))
SERIES = tuple(series_of(CONFIGS))
CHARTS = {
    "training loss": race.training_loss_chart(CONFIGS, race.LossView()),
    "validation loss": race.validation_loss_chart(SERIES, 3),
    "test accuracy": race.test_accuracy_chart(SERIES, 3, 11.0),
    "guesses": race.guesses_chart(3.0, "lead"),
    "gradients": steps.gradients_chart(SERIES),
    "probabilities": steps.probabilities_chart("#0072B2", 5),
    "accuracies of a sweep": sweeps.sweep_accuracy_chart(SERIES, 3, 11.0),
    "validation losses of a sweep": sweeps.sweep_validation_chart(SERIES, 3, 3.0),
    "training losses of a sweep": sweeps.sweep_loss_chart(SERIES, 100, 3.0),
    "learning rates": sweeps.rates_chart(SERIES),
    "functions": functions.functions_chart(CONFIGS),
    "gradient budget": budget.budget_chart(SERIES, 9),
    "loss along the gradient": one_batch.step_chart(SERIES),
    "shares": layers.share_chart(),
}


@pytest.mark.parametrize("name", CHARTS)
def test_tooltips_show_at_most_four_decimals(name: str) -> None:
    numbers = [line for line in _tooltip_lines(CHARTS[name]) if line["type"] == "quantitative"]
    assert numbers
    for line in numbers:
        assert re.fullmatch(r"d|,?\.[0-4]~?[fg%]", line.get("format", "")), line


@pytest.mark.parametrize("chart", [*CHARTS.values(), depth.sizes_chart("relu"), one_class.one_class_chart(SERIES)])
def test_the_label_of_a_line_is_not_called_an_activation(chart: dict[str, Any]) -> None:
    """A line may stand for a fork, a named run or a quantity."""
    titles = {line.get("field"): line.get("title") for line in _tooltip_lines(chart)}
    assert "activation" not in titles
    assert titles.get("series", "line") in ("line", "network")


def _tooltip_lines(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield from part.get("tooltip") or () if isinstance(part.get("tooltip"), list) else ()
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _tooltip_lines(inner)
