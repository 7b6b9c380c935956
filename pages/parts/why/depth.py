"""A stack of layers: what is left of activations and gradients, measured and predicted, while a slider moves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import streamlit as st

from hw5core.charts.depth import (
    Passing,
    histogram_chart,
    histogram_table,
    histograms_in_words,
    sizes_chart,
    sizes_in_words,
    sizes_table,
)
from hw5core.data.datasets import DATASETS, is_available
from hw5core.errors import EngineError
from hw5core.explain.depth import MAX_LAYERS, MAX_WIDTH, Stack, StackLayer, measure_stack
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import INITIALISATIONS, RunConfig
from pages.parts.shared.chart import draw_with_heading, heading_html, rows_to_send
from pages.parts.shared.live_slider import live_slider
from pages.parts.shared.opened_batch import open_once
from pages.parts.shared.plain_words import plain
from pages.parts.why.functions import short_number
from pages.parts.why.missing_images import say_that_images_are_missing

IMAGES = 32
"""How many images the stack sees. With more, a slider would not follow the mouse on a busy server."""

_TITLES = ("Size by layer", "Activations by layer", "Gradients by layer")
_LAYERS = tuple(range(1, MAX_LAYERS + 1))
_WIDTHS = tuple(range(5, MAX_WIDTH + 1, 5))
_SCALES = tuple(round(0.1 * number, 1) for number in range(1, 81))
_STEADY = 1.1
"""Up to this factor per layer, the gradient keeps its size."""

_RULE = (
    "Each layer multiplies the gradient by the root of width · Var(W), then by the RMS of its slopes f′(z): E[δ_l²] = "
    "n · Var(W) · E[f′(z_l)²] · E[δ_(l+1)²]. Forwards, E[z_l²] = n · Var(W) · E[f(z_(l−1))²] + Var(b). Crosses are the "
    "prediction from width, Var(W) and activation alone; a stack drawn at random typically lies within the pale bar. "
    "The scale multiplies the weights. Values that are exactly 0 are in no bar; point at a bar for their share. After "
    "figures 6 and 7 of Glorot and Bengio (2010), with a logarithmic axis for the gradients."
)


@dataclass(frozen=True)
class _Content:
    """What the section shows of a stack: the conclusion, and the heading in HTML and the rows of each chart."""

    conclusion: str
    charts: tuple[tuple[str, pa.Table], ...]


def depth(config: RunConfig) -> None:
    """Draw the section."""
    st.subheader("Depth", anchor=False)
    if not is_available(config.dataset):
        say_that_images_are_missing()
        return
    st.fragment(_draw_stack)(config)
    st.caption(_RULE)


def _draw_stack(config: RunConfig) -> None:
    """Draw the controls, the conclusion and the charts of a stack. Only this part is redrawn during a drag."""
    stack = _chosen_stack()
    images = RunConfig(dataset=config.dataset, seed=config.seed, split_seed=config.split_seed, batch_size=IMAGES)
    try:
        content = _content(images, stack)
    except EngineError as error:
        st.error(plain(error))
        return
    st.markdown(content.conclusion)
    charts = (
        sizes_chart(stack.activation),
        histogram_chart(stack.activation, Passing.ACTIVATIONS),
        histogram_chart(stack.activation, Passing.GRADIENTS),
    )
    for place, title, (heading, rows), chart in zip(st.columns(3), _TITLES, content.charts, charts, strict=True):
        with place:
            draw_with_heading(heading, title, rows, chart, key=f"depth: {title}")


def _chosen_stack() -> Stack:
    """Draw the controls, and return the stack."""
    activation, initialisation, *sliders = st.columns([2, 3, 3, 3, 3], vertical_alignment="bottom")
    with activation:
        name = st.selectbox(
            "activation of the stack", list(ACTIVATIONS), 1, key="depth-activation", bind="query-params"
        )
    with initialisation:
        first = st.selectbox(
            "initialisation of the stack", list(INITIALISATIONS), key="depth-initialisation", bind="query-params"
        )
    values = []
    for place, (parameter, title, choices, default) in zip(sliders, _SLIDERS, strict=True):
        with place:
            values.append(_slider(parameter, title, choices, default))
    return Stack(int(values[0]), int(values[1]), name or "sigmoid", first or "pytorch", values[2])


_SLIDERS: tuple[tuple[str, str, tuple[float, ...], float], ...] = (
    ("depth-layers", "layers", _LAYERS, 10),
    ("depth-width", "width", _WIDTHS, 100),
    ("depth-scale", "weight scale", _SCALES, 1.0),
)
"""Of each slider the URL parameter, the title, the choices, and the first one."""


def _slider(parameter: str, title: str, choices: tuple[float, ...], default: float) -> float:
    """Draw a slider whose value is in the URL, and return the value. Visitors can write anything there."""
    labels = tuple(f"{one:g}" for one in choices)
    text = st.query_params.get(parameter, "")
    place = labels.index(text) if text in labels else choices.index(default)
    live_slider(parameter, title, labels, place, lambda moved: st.query_params.update({parameter: labels[moved]}))
    return choices[place]


@lru_cache(maxsize=64)
def _content(images: RunConfig, stack: Stack) -> _Content:
    """Return what the section shows, computed once for all viewers. Raises EngineError without the images."""
    batch, dataset = open_once(images, 0), DATASETS[images.dataset]
    pixels = batch.images.reshape(len(batch.images), -1).astype(np.float64)
    standardised = (pixels / 255 - dataset.mean) / dataset.std
    layers = measure_stack(stack, standardised, batch.labels, dataset.classes, images.seed)
    words = (sizes_in_words(layers), *(histograms_in_words(layers, one) for one in Passing))
    tables = (sizes_table(layers), *(histogram_table(layers, one) for one in Passing))
    charts = zip(map(heading_html, _TITLES, words), map(rows_to_send, tables), strict=True)
    return _Content(conclusion(layers), tuple(charts))


def conclusion(layers: Sequence[StackLayer]) -> str:
    """Return what the stack does to the gradient and to the activations, in sentences."""
    if len(layers) == 1:
        return "**With one layer, no gradient has to pass through another.** Move the slider of the layers."
    dead = max((number for number, one in enumerate(layers, start=1) if not one.delta), default=0)
    if dead:
        return f"**No gradient arrives at layer {dead}:** all slopes there are 0 for these images."
    steps = len(layers) - 1
    total, predicted = layers[0].delta / layers[-1].delta, layers[0].predicted_delta / layers[-1].predicted_delta
    left = f"at layer 1, {short_number(_two_digits(total))} of layer {len(layers)}'s is left"
    return (
        f"**The gradient {_in_words(total ** (1 / steps))} per layer; {left}.** Predicted: ×"
        f"{predicted ** (1 / steps):.2g} per layer, {short_number(_two_digits(predicted))} left. "
        f"{_activations_in_words(layers)}"
    )


def _activations_in_words(layers: Sequence[StackLayer]) -> str:
    first, last = layers[0].deviation, layers[-1].deviation
    if not first or not last:
        return "The activations of the last layer are all equal."
    return (
        f"The activations' standard deviation {_in_words((last / first) ** (1 / (len(layers) - 1)))} per layer, from "
        f"{short_number(_two_digits(first))} to {short_number(_two_digits(last))}."
    )


def _in_words(factor: float) -> str:
    if 1 / _STEADY <= factor <= _STEADY:
        return f"keeps its size, ×{factor:.2g}"
    return f"shrinks to {factor:.2g} of its size" if factor < 1 else f"grows by a factor of {factor:.2g}"


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}") if math.isfinite(value) else value
