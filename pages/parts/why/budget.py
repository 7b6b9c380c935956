"""The gradient budget of the networks of a race in their first batch: a chart, a table, and what both say in words."""

import math
from collections.abc import Mapping

import streamlit as st

from hw5core.charts.budget import budget_chart, budget_in_words, budget_table
from hw5core.charts.series import series_of
from hw5core.data.datasets import is_available
from hw5core.engine.tasks import layers_of_batch
from hw5core.errors import LabError
from hw5core.markdown import markdown_table
from hw5core.runs.config import RunConfig
from hw5core.runs.gradient_budget import BudgetLine, BudgetPart, gradient_budget, share_that_arrives
from hw5core.runs.layer_figures import BatchFigures
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.plain_words import plain
from pages.parts.shared.server import ask_worker
from pages.parts.why.checkpoint import after_in_words, checkpoint_after, chosen_checkpoint, next_batch
from pages.parts.why.missing_images import say_that_images_are_missing

Measured = Mapping[RunConfig, BatchFigures]

_RULE = (
    "An activation multiplies the gradient by the RMS of its slopes f′(z). A layer with weights multiplies it by "
    "√(n · Var(W)), where n is the number of outputs that each input reaches. Pooling has no prediction: max pooling "
    "passes the gradient of four units to one, so its RMS halves. Together: E[δ²] before a layer = n · Var(W) · "
    "E[f′(z)²] · E[δ²] after it."
)

_NOT_A_QUARTER = (
    'Often you read that sigmoid loses "0.25 per layer", its largest slope. That omits the weights. PyTorch draws the '
    "initial weights with fan_in · Var(W) = 1/3, so a layer with as many outputs as inputs shrinks the gradient to "
    "0.58 of its size, with every activation."
)


def measured_networks(configs: tuple[RunConfig, ...]) -> dict[RunConfig, BatchFigures]:
    """Return the figures of each network's layers in the first batch, or nothing if the images are not here yet.

    Raises EngineError if no worker can measure them.
    """
    if not is_available(configs[0].dataset):
        return {}
    return {config: _figures(config, 0) for config in configs}


@st.cache_data(max_entries=300, show_spinner="Measuring the layers …")
def _figures(config: RunConfig, step: int) -> BatchFigures:
    """Return the figures of one network in its next batch after `step` batches. A worker measures them once for all
    viewers. Raises EngineError or StoreError."""
    checkpoint = checkpoint_after(config, step)
    figures: BatchFigures = ask_worker(layers_of_batch, config, next_batch(config, step), checkpoint)
    return figures


def budget(first: Measured) -> None:
    """Draw the budget before training, whose figures are `first`, or with the weights of a checkpoint."""
    st.subheader("Gradient budget", anchor=False)
    try:
        step = chosen_checkpoint(tuple(first), "weights of the budget") if first else 0
        measured = {config: _figures(config, step) for config in first} if step else first
    except LabError as error:
        st.error(plain(error))
        return
    if not measured:
        say_that_images_are_missing()
        return
    if not any(map(gradient_budget, measured.values())):
        st.info("Only one layer of this network has weights, so no gradient has to pass through others to reach it.")
        return
    picture, words = st.columns([5, 3])
    with picture:
        table = budget_table(measured)
        chart = budget_chart(series_of(measured), int(table["number"].max()))
        title = f"The gradient on its way back from the loss, {after_in_words(step)}"
        draw_chart(title, budget_in_words(measured), table, chart, key="gradient budget chart")
        equal = "images, and their own weights" if step else "weights and images"
        st.caption(f"Dots and lines are measured, crosses are predicted. All networks have equal {equal}.")
    with words:
        comparison = () if step else _comparison(measured)
        st.markdown("\n".join(f"- {one}" for one in (*shares_in_words(measured), *comparison)))
        st.markdown(_NOT_A_QUARTER)
    st.markdown(factors_table(measured))
    st.caption(_RULE)


def shares_in_words(measured: Measured) -> list[str]:
    """Return a sentence per network: what its slopes, its weights and the rest multiply the gradient by."""
    return [
        f"**{config.label}:** slopes × {_root(share_that_arrives(lines, BudgetPart.SLOPE))}, "
        f"weights × {_root(share_that_arrives(lines, BudgetPart.WEIGHTS))}, "
        f"pooling × {_root(share_that_arrives(lines, BudgetPart.OTHER))}. "
        f"Together × {_root(math.prod(line.predicted_factor for line in lines))}; measured × "
        f"**{_root(math.prod(line.measured_factor for line in lines))}**."
        for config, figures in measured.items()
        if (lines := gradient_budget(figures))
    ]


def ratio_of_slopes(measured: Measured) -> float | None:
    """Return how many times sigmoid's gradient ReLU's is in the first layer if only the slopes differ, or None."""
    shares = {
        config.activation: share_that_arrives(gradient_budget(one), BudgetPart.SLOPE)
        for config, one in measured.items()
    }
    if not shares.get("sigmoid") or "relu" not in shares:
        return None
    return math.sqrt(shares["relu"] / shares["sigmoid"])


def _comparison(measured: Measured) -> list[str]:
    """Return how the gradients of ReLU and sigmoid compare in the first layer, if both are in the race."""
    ratio = ratio_of_slopes(measured)
    norms = {
        config.activation: (first.gradient_norm or 0.0, first.name)
        for config, figures in measured.items()
        for first in figures.weighted[:1]
    }
    if ratio is None or not norms["sigmoid"][0]:
        return []
    times, layer = norms["relu"][0] / norms["sigmoid"][0], norms["relu"][1]
    return [
        f"The weights and pooling treat both alike. The slopes make ReLU's gradient **{ratio:.3g} times** sigmoid's at "
        f"the first layer. The gradient of the weights of {layer} is measured to be **{times:.3g} times** as large."
    ]


def factors_table(measured: Measured) -> str:
    """Return a Markdown table of each layer's factor, predicted and measured, for each network."""
    budgets = {config: gradient_budget(figures) for config, figures in measured.items()}
    head = ["backwards from the loss", "part"]
    head += [f"{config.label}, {how}" for config in budgets for how in ("predicted", "measured")]
    longest = max(map(len, budgets.values()))
    rows = [_cells(list(budgets.values()), number) for number in range(longest)]
    return markdown_table(head, rows, "ll" + "r" * (len(head) - 2))


def _cells(budgets: list[tuple[BudgetLine, ...]], number: int) -> list[str]:
    present = [lines[number] if number < len(lines) else None for lines in budgets]
    names = list(dict.fromkeys(line.name for line in present if line))
    part = next(line.part for line in present if line)
    cells = [" / ".join(names), part]
    for line in present:
        if line is None:
            cells += ["no gradient"] * 2
        else:
            predicted = "–" if line.part is BudgetPart.OTHER else _root(line.predicted_factor)
            cells += [predicted, _root(line.measured_factor)]
    return cells


def _root(square: float) -> str:
    return f"{math.sqrt(square):.3g}"
