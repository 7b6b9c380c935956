"""The view of mistakes: each network's confusion matrix, and the images of its cells."""

import re
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st

from hw5core.data.datasets import DATASETS, Dataset, split_sizes
from hw5core.engine.tasks import classify_images
from hw5core.errors import LabError
from hw5core.runs.config import RunConfig
from hw5core.runs.mistakes import Classified, Places, SplitPart, commonest_mistake
from pages.parts.inside.checkpoints import checkpoint_name, source_of
from pages.parts.inside.confusion import confusion
from pages.parts.inside.gallery import gallery
from pages.parts.inside.view_area import show_area, show_area_after_click
from pages.parts.shared.background import ask_in_background, ended
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import subscribe_redraw
from pages.parts.shared.reveal import reveal, reveal_after_click
from pages.parts.shared.server import ask_worker

_STYLE = Path(__file__).with_suffix(".css")
_PARTS: tuple[SplitPart, ...] = ("test", "validation")
_CONFIDENT, _ALONE = "most confident mistakes", "right alone"
_SHOWN = "images"
"""The URL parameter that says which images are shown: one of the two above, or a cell such as "4-9"."""

_WIDGET = "shown images"
_FIRST_IMAGES = "chosen-images"
"""The key of the container with the images of the first network."""

_COLUMNS = 2


def mistakes(configs: tuple[RunConfig, ...], step: int, open_image: Callable[[], None]) -> None:
    """Draw what the networks get wrong after this many batches. A click on an image calls `open_image`."""
    st.fragment(_mistakes, key="mistakes")(configs, step, open_image)


def _mistakes(configs: tuple[RunConfig, ...], step: int, open_image: Callable[[], None]) -> None:
    st.html(_STYLE)
    with st.container(horizontal=True):
        part = st.segmented_control(
            "Images of",
            _PARTS,
            default=_PARTS[0],
            required=True,
            key="part",
            on_change=show_area_after_click,
            bind="query-params",
            label_visibility="collapsed",
            format_func=lambda part: f"{part} images",
        )
        shown = _chosen_images(DATASETS[configs[0].dataset])
    show_area()
    jobs = tuple((_classified, config, step, part) for config in configs)
    subscribe_redraw(ended, jobs)
    outcomes = [_ask(job) for job in reversed(jobs)][::-1]  # the newest request is computed first
    known = {
        config: outcome for config, outcome in zip(configs, outcomes, strict=True) if isinstance(outcome, Classified)
    }
    for first in range(0, len(configs), _COLUMNS):
        for column, number in zip(st.columns(_COLUMNS, gap="medium"), range(first, len(configs)), strict=False):
            with column:
                _network(configs[number], outcomes[number], known, part, step, shown, open_image)
    if known:
        reveal(_FIRST_IMAGES)
        st.caption("Click an image to see which of its pixels the score depends on.")


def _classified(config: RunConfig, step: int, part: SplitPart) -> Classified:
    """Return what the network predicts for all images of the part. A background job."""
    found: Classified = ask_worker(classify_images, config, source_of(config, step), part)
    return found


def _ask(job: tuple[object, ...]) -> Classified | LabError | None:
    try:
        found: Classified | None = ask_in_background(*job)
    except LabError as error:
        return error
    return found


def _network(
    config: RunConfig,
    outcome: Classified | LabError | None,
    known: dict[RunConfig, Classified],
    part: SplitPart,
    step: int,
    shown: str,
    open_image: Callable[[], None],
) -> None:
    """Draw the column of one network."""
    if outcome is None:
        st.info(_waiting(config, part, step))
        return
    if isinstance(outcome, LabError):
        st.error(plain(outcome))
        return
    dataset = DATASETS[config.dataset]
    classes = dataset.classes
    st.html(_heading(config, outcome))
    st.caption(in_words(outcome, dataset, part))
    confusion(config, outcome.matrix(classes), _cell(shown), partial(_show_cell, classes))
    title, places = _chosen_places(config, outcome, known, shown)
    with st.container(key=_FIRST_IMAGES if config == next(iter(known)) else None):
        gallery(config, part, outcome, places, title, open_image)


def _heading(config: RunConfig, found: Classified) -> str:
    number = f'<span class="hw5-share" style="color:{escape(config.spec.colour)}">{found.accuracy:.2f} %</span>'
    return f'<h2 class="hw5-chart">{escape(config.label)} gets {number} right</h2>'


def _waiting(config: RunConfig, part: SplitPart, step: int) -> str:
    _, validation, test = split_sizes(config.dataset)
    name = checkpoint_name(config, step)
    after = "with its initial weights" if name == "start" else f"with its weights after {name}"
    return (
        f"A worker classifies the {test if part == 'test' else validation:,} {part} images with {config.label}, "
        f"{after}. This takes seconds, once for all visitors."
    )


def in_words(found: Classified, dataset: Dataset, part: SplitPart) -> str:
    """Return how many images are right, and the most frequent mistake."""
    right = f"{int(found.is_right.sum()):,} of {len(found.labels):,} {part} images are right."
    worst = commonest_mistake(found.matrix(dataset.classes))
    if worst is None:
        return f"{right} There is no mistake."
    label, predicted, count = worst
    mistake = f"{dataset.class_name(label)} taken for {dataset.class_name(predicted)}"
    return f"{right} Most frequent mistake: {mistake}, {count:,} time{'s' * (count != 1)}."


def _chosen_places(
    config: RunConfig, found: Classified, known: dict[RunConfig, Classified], shown: str
) -> tuple[str, Places]:
    """Return the title of the chosen images of one network, and their places."""
    cell = _cell(shown)
    if cell:
        return _cell_in_words(DATASETS[config.dataset], *cell), found.in_cell(*cell)
    if shown == _ALONE:
        others = [other for one, other in known.items() if one is not config]
        title = f"Only {config.label} gets these right"
        return title, found.right_alone(others) if others else np.zeros(0, np.int64)
    return "Most confident mistakes", found.mistakes()


def _cell(shown: str) -> tuple[int, int] | None:
    """Return the label and the predicted class of a chosen cell, or None."""
    match = re.fullmatch(r"([0-9]{1,3})-([0-9]{1,3})", shown)
    return (int(match[1]), int(match[2])) if match else None


def _chosen_images(dataset: Dataset) -> str:
    """Draw the choice of images, and return it. A cell is one of the options while it is chosen."""
    wanted = st.query_params.get(_SHOWN, _CONFIDENT)
    cell = _cell(wanted)
    if wanted not in (_CONFIDENT, _ALONE) and not (cell and max(cell) < dataset.classes):
        wanted = _CONFIDENT
    options = [_CONFIDENT, _ALONE] + ([wanted] if _cell(wanted) else [])
    # The URL decides, so that a click on a cell and a link work too.
    st.session_state[_WIDGET] = wanted
    st.segmented_control(
        "Images", options, required=True, key=_WIDGET, on_change=_change, label_visibility="collapsed",
        format_func=partial(_option_in_words, dataset),
    )  # fmt: skip
    return wanted


def _option_in_words(dataset: Dataset, option: str) -> str:
    cell = _cell(option)
    if not cell:
        return {_CONFIDENT: "Most confident mistakes", _ALONE: "Only one network is right"}[option]
    return _cell_in_words(dataset, *cell)


def _cell_in_words(dataset: Dataset, label: int, predicted: int) -> str:
    name = dataset.class_name(label)
    return f"{name}, recognised" if label == predicted else f"{name} taken for {dataset.class_name(predicted)}"


def _change() -> None:
    st.query_params[_SHOWN] = st.session_state[_WIDGET]
    reveal_after_click(_FIRST_IMAGES)


def _show_cell(classes: int, place: object) -> None:
    """Write the clicked cell into the URL. A browser can send anything."""
    if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < classes**2:
        st.query_params[_SHOWN] = "-".join(map(str, divmod(place, classes)))
