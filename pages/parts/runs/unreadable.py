"""The runs that cannot be read, below the table of all runs."""

from datetime import UTC, datetime

import streamlit as st

from hw5core.store.damage import Damage
from pages.parts.runs.table import url_of
from pages.parts.shared.plain_words import plain
from pages.parts.shared.server import run_store


def unreadable_runs() -> None:
    """List the runs that cannot be read, each with a link to start it again. Raises StoreError."""
    damages = run_store().damages()
    if damages:
        title = "1 run cannot be read" if len(damages) == 1 else f"{len(damages):,} runs cannot be read"
        st.warning(f"**{title}.** All others are intact.\n\n" + "\n".join(map(_in_words, damages)))


def _in_words(one: Damage) -> str:
    config = one.config
    name = plain(f"{config.label} on {config.dataset}") if config else "A run"
    at = f"{datetime.fromtimestamp(one.at, UTC):%Y-%m-%d %H:%M} UTC"
    link = f" [Open it]({url_of(config)})" if config else ""
    return f"- **{name}** ({plain(one.run_id[:6])}, found {at}): {plain(one.what)}. {plain(one.advice)}{link}"
