"""URL parameters that were renamed. Links with the old names open the same view."""

import streamlit as st
from streamlit.errors import StreamlitAPIException

RENAMED = {
    "batch_size": "batch-size",
    "learning_rate": "learning-rate-{dataset}",
    "learning-rate": "learning-rate-{dataset}",
    "learning-rates": "learning-rates-{dataset}",
    "training_images": "training-images",
    "split_seed": "split-seed",
    "network-text": "network",
    "branch-epoch": "fork-epoch",
    "branch-activation": "fork-activation",
    "branch-rate": "fork-learning-rate",
    "branch-normalisation": "fork-normalisation",
    "branch-epochs": "fork-epochs",
    "branch-also": "fork-also",
}
"""The new name of each old parameter. Each dataset has its own learning rates."""


def rename_old_parameters() -> None:
    """Give the old parameters in the URL their new names, and run the page again.

    If both names are in the URL, the new one wins.
    """
    old_names = [name for name in st.query_params if name in RENAMED]
    if not old_names:
        return
    dataset = _dataset()
    parameters = {
        RENAMED.get(name, name).format(dataset=dataset): st.query_params.get_all(name)
        for name in sorted(st.query_params, key=lambda name: name not in RENAMED)
    }
    try:
        st.query_params.from_dict(parameters)
    except StreamlitAPIException:
        # The widgets of this visit exist already, and their values are newer than the link.
        for name in old_names:
            del st.query_params[name]
        return
    # A widget takes its value from the URL with which a run starts, so this needs a new run.
    st.rerun()


def _dataset() -> str:
    """Return the dataset that the link names, or the one of links without a name."""
    # Not at the top: it imports numpy, which a page without old parameters does not need.
    from hw5core.runs.config import SETTINGS, RunConfig

    named = st.query_params.get("dataset", "")
    return named if named in SETTINGS["dataset"].choices else RunConfig.dataset
