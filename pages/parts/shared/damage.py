"""Runs that cannot be read: what is damaged, and what to do."""

from collections.abc import Mapping, Sequence

import streamlit as st

from hw5core.store.damage import Damage
from pages.parts.shared.plain_words import plain


def damage_notice(damages: Sequence[Damage], labels: Mapping[str, str]) -> None:
    """Say which runs cannot be read, and what to do. `labels` names each run id."""
    for one in damages:
        st.warning(f"**{plain(labels[one.run_id])}** cannot be read: {plain(one.what)}. {plain(one.advice)}")
