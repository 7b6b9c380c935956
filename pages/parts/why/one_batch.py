"""One batch in depth: the loss along the gradient with the step taken, and a check of one weight's gradient."""

import streamlit as st

from hw5core.charts.one_batch import step_chart, step_table
from hw5core.charts.series import series_of
from hw5core.engine.tasks import gradient_of_batch
from hw5core.errors import LabError
from hw5core.runs.config import RunConfig
from hw5core.runs.one_batch import OneBatch
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.plain_words import plain
from pages.parts.shared.server import ask_worker
from pages.parts.why.checkpoint import after_in_words, checkpoint_after, chosen_checkpoint, next_batch


def one_batch(configs: tuple[RunConfig, ...]) -> None:
    """Draw the section."""
    st.subheader("One batch", anchor=False)
    try:
        step = chosen_checkpoint(configs, "weights of the batch")
        batches = {config: _next_batch(config, step) for config in configs}
    except LabError as error:
        st.error(plain(error))
        return
    picture, words = st.columns([5, 3])
    with picture:
        table, chart = step_table(batches), step_chart(series_of(batches))
        title = f"The loss of a batch after one step, by the size of the step, {after_in_words(step)}"
        draw_chart(title, "; ".join(map(step_in_words, batches, batches.values())), table, chart, key="step chart")
        st.caption("A dot is the step that training takes, a triangle the smallest loss along the gradient.")
    with words:
        st.markdown("\n".join(f"- {step_in_words(config, one)}." for config, one in batches.items()))
        st.markdown(
            "**Is the gradient right?** Change one weight a little in both directions, and compare the losses. The "
            "slope between them has to be the gradient that backpropagation computes:"
        )
        st.markdown("\n".join(f"- {check_in_words(config, one)}" for config, one in batches.items()))


@st.cache_data(max_entries=300, show_spinner="Looking into the batch …")
def _next_batch(config: RunConfig, step: int) -> OneBatch:
    """Return what the gradient of a network's next batch after `step` batches does. A worker computes it once for all
    viewers. Raises EngineError or StoreError."""
    checkpoint = checkpoint_after(config, step)
    computed: OneBatch = ask_worker(gradient_of_batch, config, next_batch(config, step), checkpoint)
    return computed


def step_in_words(config: RunConfig, one: OneBatch) -> str:
    """Return what the step does to the loss, and which one would do most."""
    rate, loss = one.best
    return (
        f"**{config.label}:** the step with rate {config.learning_rate:g} changes the loss from {one.before:.4f} to "
        f"**{one.after:.4f}**; along this gradient it is smallest, {loss:.4f}, with rate {rate:.2g}"
    )


def check_in_words(config: RunConfig, one: OneBatch) -> str:
    """Return both values of the checked gradient, and how far they differ."""
    check = one.check
    place = ", ".join(map(str, check.weight))
    apart = abs(check.difference - check.backpropagation)
    return (
        f"**{config.label}**, weight [{place}] of {check.layer}: backpropagation {check.backpropagation:.6e}, "
        f"difference {check.difference:.6e}; {apart:.0e} apart"
    )
