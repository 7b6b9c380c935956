"""The runs of this server, newest first, each with a link to its race."""

import pandas as pd
import streamlit as st

from hw5core.records import EpochResult
from hw5core.runs import Run
from pages.shared.knobs import address
from pages.shared.server import run_store

MOST_RUNS = 200


def all_runs() -> None:
    """A table behind one click; its own toolbar searches and sorts it."""
    with st.expander("All runs on this server", on_change="rerun", key="all-runs") as expander:
        if not expander.open:
            return
        found = run_store().newest(MOST_RUNS)
        if not found:
            st.caption("Nothing has been trained here yet.")
            return
        st.dataframe(
            pd.DataFrame([_row(run, result) for run, result in found]),
            hide_index=True,
            column_config={
                "race": st.column_config.LinkColumn(display_text="open"),
                "begun": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
                "test accuracy": st.column_config.NumberColumn(format="%.2f %%"),
            },
        )


def _row(run: Run, result: EpochResult | None) -> dict[str, object]:
    config = run.config
    return {
        "race": address(config),
        "begun": pd.Timestamp(run.created, unit="s"),
        "activation": config.label,
        "data": config.dataset,
        "state": str(run.status),
        "epochs": f"{result.epoch + 1 if result else 0} of {config.epochs}",
        "test accuracy": result.test_accuracy if result else None,
        "seed": config.seed,
        "learning rate": config.learning_rate,
        "batch size": config.batch_size,
        "network": config.network,
    }
