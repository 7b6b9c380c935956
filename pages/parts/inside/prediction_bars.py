"""What each network predicts for one image: its class as a large number, and a bar with the exact value per class."""

import math
from html import escape
from pathlib import Path

import streamlit as st

from hw5core.data.datasets import DATASETS
from hw5core.runs.config import RunConfig
from pages.parts.shared.frame import number_html

_STYLE = Path(__file__).with_suffix(".css")
_FEW = 2

Row = tuple[float, ...]
"""The probability of each class, from 0 to 1."""


def prediction_bars(configs: tuple[RunConfig, ...], rows: tuple[Row, ...], labels: tuple[str, ...] = ()) -> None:
    """Draw the predictions of all networks next to each other. `labels` name them if their configs do not."""
    st.html(_STYLE)
    named = labels or tuple(config.label for config in configs)
    networks = "".join(map(_network, configs, rows, named))
    many = " hw5-many" * (len(configs) > _FEW)
    st.html(f'<div class="hw5-predictions{many}">{networks}</div>')


def _network(config: RunConfig, row: Row, network: str) -> str:
    if not all(map(math.isfinite, row)):
        return (
            f"<div>{number_html(f'{network} predicts', '–', config.spec.colour)}"
            "<p>Its weights are not finite here: the training has diverged.</p></div>"
        )
    lines = "".join(_line(label, value, config.spec.colour) for label, value in zip(_labels(config), row, strict=True))
    best = max(range(len(row)), key=row.__getitem__)
    names = DATASETS[config.dataset].names
    label = f"{network} predicts {names[best]}" if names else f"{network} predicts"
    return (
        f"<div>{number_html(label, str(best), config.spec.colour)}"
        f'<table><caption class="hw5-spoken">{escape(network)}: the probability of each class</caption>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _labels(config: RunConfig) -> list[str]:
    """Return the number of each class as HTML, with its name if it has one."""
    dataset = DATASETS[config.dataset]
    named = [f"{number} <small>{escape(name)}</small>" for number, name in enumerate(dataset.names)]
    return named or list(map(str, range(dataset.classes)))


def _line(label: str, value: float, colour: str) -> str:
    return (
        f'<tr><th scope="row">{label}</th>'
        f'<td class="bar"><div style="width:{100 * value:.2f}%;background:{colour}"></div></td>'
        f'<td class="value" title="{value:.9g}">{100 * value:.2f} %</td></tr>'
    )
