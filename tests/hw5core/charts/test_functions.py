"""The charts of the Why page: the activations with their slopes, and the gradient budget."""

import math

import pytest

from hw5core.charts.budget import LOGITS, budget_chart, budget_in_words, budget_table
from hw5core.charts.functions import functions_chart, functions_table
from hw5core.charts.series import series_of
from hw5core.runs.config import RunConfig, race
from hw5core.runs.layer_figures import BatchFigures, Connections, LayerFigures

CONFIGS = race(RunConfig(network="1x28x28 flatten linear16 relu linear10"))


def _figures(slope_square: float) -> BatchFigures:
    def layer(name: str, delta_square: float, **more: object) -> LayerFigures:
        return LayerFigures(name, 0.0, 1.0, 0.0, delta_square, **more)  # type: ignore[arg-type]

    connections = Connections(16, 10.0, 0.02)
    return BatchFigures(
        0,
        0,
        2.3,
        (
            layer("Flatten-1", 1.0),
            layer("Linear-2", 0.01 * slope_square, gradient_norm=1.0, connections=connections),
            layer("X-3", 0.01, rms_slope=math.sqrt(slope_square), reached_slope_square=slope_square),
            layer("Linear-4", 0.04, gradient_norm=1.0, connections=connections),
        ),
    )


MEASURED = {CONFIGS[0]: _figures(0.5), CONFIGS[1]: _figures(0.0625)}


def test_the_curves_and_the_marks_are_in_one_table() -> None:
    table = functions_table(CONFIGS, (4.0, 5.0))
    sigmoid = table[(table["series"] == "sigmoid") & table["mark"].notna()]
    assert sigmoid["input"].tolist() == [4.0, 5.0]
    assert sigmoid["value"].tolist() == pytest.approx([1 / (1 + math.exp(-x)) for x in (4, 5)])
    curve = table[(table["series"] == "ReLU") & table["mark"].isna()]
    assert (curve["input"].min(), curve["input"].max()) == (-10, 10)
    assert len(curve) <= 500


def test_the_chart_of_the_functions_is_built_once_and_contains_no_data() -> None:
    chart = functions_chart(CONFIGS)
    assert chart is functions_chart(tuple(reversed(CONFIGS)))
    assert "data" not in chart
    assert "datasets" not in chart


def test_the_budget_starts_at_the_loss_and_names_layers_alike_for_all_networks() -> None:
    table = budget_table(MEASURED)
    for label in ("ReLU", "sigmoid"):
        assert table[table["series"] == label]["layer"].tolist() == [LOGITS, "Linear-4", "activation-3"]
    sigmoid = table[table["series"] == "sigmoid"]
    assert sigmoid["delta"].tolist() == pytest.approx([0.2, 0.1, 0.025])
    assert sigmoid["factor"].tolist() == pytest.approx([1, 0.5, 0.25])
    assert sigmoid["predicted"].tolist() == pytest.approx([0.2, 0.2 * math.sqrt(0.2), 0.05 * math.sqrt(0.2)])


def test_the_budget_in_words_says_what_arrives() -> None:
    assert budget_in_words(MEASURED) == (
        "ReLU: from 0.2 at the loss to 0.071 at the first layer, predicted 0.063; "
        "sigmoid: from 0.2 at the loss to 0.025 at the first layer, predicted 0.022"
    )


def test_the_chart_of_the_budget_contains_no_data() -> None:
    chart = budget_chart(series_of(CONFIGS), 3)
    assert "data" not in chart
    assert "datasets" not in chart
