"""One training step in detail: the images, the forward pass, the loss, the gradients and the update, per network.

It is shown while a race is paused after a single step.
"""

from collections.abc import Sequence
from itertools import groupby

import pandas as pd
import streamlit as st

from hw5core.charts.series import series_of
from hw5core.charts.steps import gradients_chart, gradients_table, probabilities_chart, probabilities_table
from hw5core.charts.words import gradient_caption, probabilities_in_words
from hw5core.data.datasets import DATASETS
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory
from hw5core.runs.records import MeasuredStep
from hw5core.training.batches import Prediction
from pages.parts.shared.opened_batch import draw_batch, open_once, predictions_of


def stepped_batches(runs: Sequence[RunHistory]) -> None:
    """Draw the images of the newest batch of each run that trained it as a single step."""
    # Networks that are at the same batch share its images.
    for step, group in groupby(sorted(_stepped(runs), key=_step_of), key=_step_of):
        draw_batch(step, [(run, predictions) for run, _, predictions in group])


def one_step(runs: Sequence[RunHistory]) -> None:
    """Draw what happened in the newest batch of each run that trained it as a single step."""
    stepped = _stepped(runs)
    if not stepped:
        return
    with st.container(border=True):
        st.subheader("One step in detail", anchor=False)
        st.markdown("**1. Input:** the same images for every network of the race, shown next to the loss chart.")
        for column, (run, measured, predictions) in zip(st.columns(len(stepped)), stepped, strict=True):
            with column:
                _forward(run, measured)
                _loss(run, measured, predictions)
        _backward([run for run, _, _ in stepped])


def _stepped(runs: Sequence[RunHistory]) -> list[tuple[RunHistory, MeasuredStep, list[Prediction]]]:
    return [(run, measured, predictions_of(run, measured.step)) for run in runs if (measured := run.stepped)]


def _step_of(stepped: tuple[RunHistory, MeasuredStep, list[Prediction]]) -> int:
    return stepped[1].step


def _forward(run: RunHistory, measured: MeasuredStep) -> None:
    label = run.label
    st.markdown(f"**2. Forward, {label}:** the output of each layer, and the probability of each class at the end")
    st.dataframe(_outputs(measured), hide_index=True, width="stretch")
    labels, dataset = [int(one) for one in open_once(run.config, measured.step).labels], DATASETS[run.config.dataset]
    st.vega_lite_chart(
        probabilities_table(measured, labels, dataset),
        probabilities_chart(run.config.spec.colour, len(measured.probabilities)),
        key=f"probabilities of {label}",
        alt=f"{label}: {probabilities_in_words(measured.probabilities, labels, dataset)}",
    )


def _outputs(measured: MeasuredStep) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "layer": layer.name,
                "output": "×".join(map(str, layer.output_shape)),
                "mean": f"{layer.output_mean:.3g}",
                "mean size": f"{layer.output_size:.3g}",
                "saturated": "" if layer.saturated is None else f"{100 * layer.saturated:.0f} %",
            }
            for layer in measured.layers
        ]
    )


def _loss(run: RunHistory, measured: MeasuredStep, predictions: list[Prediction]) -> None:
    """Draw the −ln p of each image next to the loss that training reported. Their mean is the loss of the batch."""
    labels = open_once(run.config, measured.step).labels
    terms = [
        f"−ln {row[label]:.4f} = {prediction.loss:.3f}"
        for row, label, prediction in zip(measured.probabilities, labels, predictions, strict=False)
    ]
    mean = f"mean of all {len(predictions)}: **{run.losses[-1]:.4f}**"
    st.markdown(f"**3. Loss, {run.label}:** −ln of the probability of the correct class  \n")
    st.markdown("  \n".join([*terms, mean]))


def _backward(runs: Sequence[RunHistory]) -> None:
    st.markdown("**4. Gradients:** how much the loss changes with the weights of each layer")
    table = gradients_table(runs)
    st.vega_lite_chart(
        table,
        gradients_chart(series_of(run.config for run in runs)),
        key="gradients",
        alt="The norm of the gradient of each layer's weights, one line per network",
    )
    st.caption(" ".join(gradient_caption(run.label, run.measured) for run in runs if run.measured))
    st.markdown(f"**5. Update:** {update_in_words(runs[0].config)}. The norms per layer:")
    for column, run in zip(st.columns(len(runs)), runs, strict=True):
        with column:
            label = run.label
            st.dataframe(_updates(table[table["series"] == label], label), hide_index=True, width="stretch")


def update_in_words(config: RunConfig) -> str:
    """Return how a step of this run changes each weight, as a clause."""
    velocity = f"velocity (its gradient plus {config.momentum:g} times the last velocity)"
    return f"each weight changes by −{config.learning_rate:g} times its {velocity if config.momentum else 'gradient'}"


def _updates(rows: pd.DataFrame, label: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            label: rows["layer"],
            "weights": rows["weights"].map("{:.3f}".format),
            "gradient": rows["gradient"].map("{:.1e}".format),
            "update": rows["update"].map("{:.1e}".format),
            "update / weights": (100 * rows["update"] / rows["weights"]).map("{:.4f} %".format),
        }
    )
