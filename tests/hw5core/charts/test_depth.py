"""The charts of a stack of layers: the histograms contain all values, and the sizes are those of the layers."""

import numpy as np
import pytest

from hw5core.charts.depth import (
    Passing,
    histogram_chart,
    histogram_table,
    histograms_in_words,
    sizes_chart,
    sizes_in_words,
    sizes_table,
)
from hw5core.explain.depth import Stack, StackLayer, measure_stack


def _layers(activation: str = "relu", scale: float = 1.0, layers: int = 20) -> list[StackLayer]:
    images = np.random.default_rng(0).standard_normal((8, 60))
    return measure_stack(Stack(layers, 30, activation, "he", scale), images, np.arange(8), 10, seed=0)


@pytest.mark.parametrize("passing", Passing)
@pytest.mark.parametrize("scale", [0.1, 1.0, 8.0])
def test_the_bars_of_each_layer_contain_its_values(passing: Passing, scale: float) -> None:
    layers = _layers(scale=scale)
    table = histogram_table(layers, passing)
    for number, layer in enumerate(layers, start=1):
        values = layer.activations if passing is Passing.ACTIVATIONS else np.abs(layer.gradients)
        bars = table[table["layer"] == number]
        assert bars["zeros"].iloc[0] == pytest.approx((values == 0).mean())
        assert bars["share"].sum() + bars["zeros"].iloc[0] == pytest.approx(1)
        highest = bars.loc[bars["share"].idxmax()]
        inside = (values > highest["left"]) & (values <= highest["right"])
        assert highest["share"] == pytest.approx(inside.mean(), abs=0.02)
        assert bars["top"].min() == pytest.approx(number - 0.92)
        assert (bars["base"] == number).all()
    assert len(table) <= 600


def test_the_sizes_are_those_of_the_layers() -> None:
    layers = _layers(layers=3)
    table = sizes_table(layers)
    gradients = table[table["series"].str.startswith("gradients")]
    assert gradients["measured"].tolist() == [one.delta for one in layers]
    assert gradients["predicted"].tolist() == [one.predicted_delta for one in layers]
    activations = table[table["series"].str.startswith("activations")]
    assert activations["measured"].tolist() == [one.deviation for one in layers]
    ratio = activations["high"] / activations["predicted"]
    assert ratio.tolist() == pytest.approx([np.exp(one.forward_spread) for one in layers])
    words = sizes_in_words(layers)
    assert words.startswith(f"layer 1: gradients {layers[0].delta:.2g}, predicted {layers[0].predicted_delta:.2g}")
    assert "; layer 3: gradients" in words
    assert "% exactly 0; layer 3: from" in histograms_in_words(layers, Passing.GRADIENTS)


def test_layers_without_any_gradient_have_no_bars() -> None:
    """With one unit, all slopes of a ReLU can be 0."""
    images = -np.ones((2, 5))
    dead = next(
        layers
        for seed in range(100)
        if not (layers := measure_stack(Stack(3, 1, "relu", "he"), images, np.array([0, 1]), 10, seed))[0].delta
    )
    assert 1 not in set(histogram_table(dead, Passing.GRADIENTS)["layer"])
    assert (sizes_table(dead)["measured"] == 0).any()


def test_the_charts_contain_no_data() -> None:
    for chart in (sizes_chart("tanh"), *(histogram_chart("tanh", one) for one in Passing)):
        assert "data" not in chart
        assert "datasets" not in chart
