"""The view of attribution: maps of the pixels that a score depends on, each with its sanity check."""

import base64
import math
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from hw5core.data.pictures import as_png
from hw5core.network.counting import count
from hw5core.runs.attribution import (
    PATCH,
    STRIDE,
    Attributed,
    Map,
    Method,
    SanityVerdict,
    most_alike,
    similarities,
    verdict,
)
from hw5core.runs.config import RunConfig
from hw5core.training.predictions import attributions_at
from pages.parts.inside.checkpoints import probabilities, source_of
from pages.parts.inside.class_choice import chosen_class, class_name
from pages.parts.shared.background import ask_in_background, ended
from pages.parts.shared.publishing import subscribe_redraw
from pages.parts.shared.server import ask_worker

_STYLE = Path(__file__).with_suffix(".css")
_COLUMNS = 2

_AT_ONCE = 4_000_000_000
"""The most multiplications for which the page waits. More are computed in the background."""

_RAISES, _LOWERS = (0xF0, 0xE4, 0x42), (0x56, 0xB4, 0xE9)
"""The colours of positive and of negative values: yellow and light blue, which no race has as an activation's."""

_MEANING = {
    Method.OCCLUSION: f"by how much the score of the class falls when {PATCH}x{PATCH} pixels there become background. "
    "Blue: it rises (Zeiler and Fergus 2014)",
    Method.GRADIENT: "how strongly the score reacts to a small change of each pixel (Simonyan et al. 2014)",
    Method.GRAD_CAM: "where the last convolution's feature maps raise the score: each map is weighted with its mean "
    "gradient (Selvaraju et al. 2017)",
}

_CHECK = (
    "**Sanity check** (Adebayo et al. 2018): the same maps with random weights, drawn layer by layer from the output "
    "on, and with the initial weights. Below each map is its rank correlation with the map of the learned weights. A "
    "map that stays alike shows the image, and not what the network has learned."
)

Found = tuple[tuple[Attributed, ...], ...]


def attribution(configs: tuple[RunConfig, ...], step: int, image: NDArray[np.uint8]) -> None:
    """Draw the maps of the networks after this many batches for a class of the image. Raises LabError."""
    st.fragment(_attribution, key="attribution")(configs, step, image)


def _attribution(configs: tuple[RunConfig, ...], step: int, image: NDArray[np.uint8]) -> None:
    pixels = image.tobytes()
    rows = probabilities(configs, step, pixels)
    label = chosen_class(configs[0], rows[0])
    found = _found(configs, step, pixels, label)
    if found is None:
        st.info("A worker computes the maps of these networks. They are large, so this takes a while.")
        return
    st.html(_STYLE)
    for first in range(0, len(configs), _COLUMNS):
        columns = st.columns(_COLUMNS, gap="medium")
        for column, config, one, row in zip(columns, configs[first:], found[first:], rows[first:], strict=False):
            with column:
                st.html(network_html(config, one, image, label, row[label]))
    st.markdown("\n".join(f"- **{method}:** {meaning}." for method, meaning in _MEANING.items()))
    st.markdown(_CHECK)


def _found(configs: tuple[RunConfig, ...], step: int, pixels: bytes, label: int) -> Found | None:
    """Return the maps of the networks, or None while large ones are being computed."""
    if multiplications(configs) <= _AT_ONCE:
        return _computed_once(configs, step, pixels, label)
    job = (_computed, configs, step, pixels, label)
    subscribe_redraw(ended, (job,))
    found: Found | None = ask_in_background(*job)
    return found


def multiplications(configs: tuple[RunConfig, ...]) -> int:
    """Return about how many multiplications the maps of these networks take.

    The sanity check has a network for each layer with weights, and two more. Each sees the image once per place of the
    covered square.
    """
    _, height, width = configs[0].architecture.input_shape
    places = math.ceil(height / STRIDE) * math.ceil(width / STRIDE)
    counts = [count(config.architecture) for config in configs]
    return places * sum((2 + sum(bool(row.parameters) for row in one.rows)) * one.macs for one in counts)


@st.cache_data(max_entries=200, show_spinner=False)
def _computed_once(configs: tuple[RunConfig, ...], step: int, pixels: bytes, label: int) -> Found:
    return _computed(configs, step, pixels, label)


def _computed(configs: tuple[RunConfig, ...], step: int, pixels: bytes, label: int) -> Found:
    """Let a worker compute the maps. Raises LabError."""
    sources = tuple(source_of(config, step) for config in configs)
    found: Found = ask_worker(attributions_at, configs, sources, pixels, label)
    return found


def network_html(
    config: RunConfig, found: tuple[Attributed, ...], image: NDArray[np.uint8], label: int, probability: float
) -> str:
    """Return the maps of one network as HTML: a line per method, with its verdict and a picture per set of weights."""
    given = f"a probability of {100 * probability:.2f} %" if math.isfinite(probability) else "no finite probability"
    name = f"{escape(config.label)} gives class {escape(class_name(config, label))} {given}. Which pixels decide that?"
    lines = "".join(_line(method, found, image) for method in found[0].maps)
    missing = "" if Method.GRAD_CAM in found[0].maps else "<p>Grad-CAM needs a convolution. This network has none.</p>"
    return f'<div class="hw5-maps" style="--colour:{escape(config.spec.colour)}"><h2>{name}</h2>{lines}{missing}</div>'


def _line(method: Method, found: tuple[Attributed, ...], image: NDArray[np.uint8]) -> str:
    similar = similarities(found, method)
    items = "".join(
        _item(method, network, one, number, image)
        for number, (network, one) in enumerate(zip(found, similar, strict=True))
    )
    return f'<h3>{method} <span>{escape(_in_words(similar))}</span></h3><ul tabindex="0">{items}</ul>'


def _in_words(similar: list[float | None]) -> str:
    """Return what the sanity check says about a method's map, with its figure."""
    concluded = verdict(similar)
    if concluded is SanityVerdict.NOTHING:
        return f"{concluded}."
    return f"{concluded}: with random weights, the rank correlation is at most {_signed(most_alike(similar))}."


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")


def _item(method: Method, one: Attributed, similar: float | None, number: int, image: NDArray[np.uint8]) -> str:
    values = one.maps[method]
    figure = "–" if similar is None else _signed(similar)
    exact = "has no rank correlation" if similar is None else f"rank correlation {similar:.6f}"
    words = (
        f"{method} with {one.weights}: values from {values.min():.6g} to {values.max():.6g}, score {one.score:.6g}; "
        f"{exact}"
    )
    address = "data:image/png;base64," + base64.b64encode(as_png(overlay(image, values))).decode()
    below = "" if number == 0 else f"<b>{figure}</b>"
    return f'<li title="{escape(words)}"><img src="{address}" alt="{escape(words)}">{escape(one.weights)} {below}</li>'


def overlay(image: NDArray[np.uint8], values: Map) -> NDArray[np.uint8]:
    """Return the image, uint8 (height, width), with the map's values over it as colours (height, width, 3)."""
    height, width = image.shape
    rows, columns = (np.arange(side) * part // side for side, part in zip((height, width), values.shape, strict=True))
    largest = np.abs(values).max()
    spread = values[np.ix_(rows, columns)] / largest if largest > 0 and np.isfinite(largest) else np.zeros(image.shape)
    strength = np.abs(spread)[..., None]
    colours = np.where(spread[..., None] >= 0, np.array(_RAISES), np.array(_LOWERS))
    grey = 0.45 * image[..., None].astype(float)
    mixed: NDArray[np.uint8] = np.round(grey * (1 - strength) + colours * strength).astype(np.uint8)
    return mixed
