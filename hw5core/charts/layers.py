"""Where a network's parameters, its work and its outputs live: three bars per layer, so that they can be compared.

As in `charts`, the specification holds no data, so Streamlit swaps the data in place while a slider moves.
"""

from functools import cache
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import SILENT
from hw5core.network.counting import Count

SELECTION = "layer"
"""The name of the chart's point selection; it selects by `number`."""

_MEASURES = {"parameters": "#009E73", "MACs": "#E69F00", "activations": "#CC79A7"}
"""What is compared, and its colour: of the colour-blind-safe set, and none that stands for an activation."""


def share_table(counted: Count, selected: int | None) -> pd.DataFrame:
    """Columns number, layer, measure, exact, share (of the network's total, 0 to 1), weight (1, or less where another
    layer is selected): three rows per layer."""
    totals = {"parameters": counted.parameters, "MACs": counted.macs, "activations": counted.activations}
    rows = [
        {
            "number": row.number,
            "layer": row.name,
            "measure": measure,
            "exact": f"{value:,}",
            "share": value / totals[measure] if totals[measure] else 0.0,
            "weight": 1.0 if selected in (None, row.number) else 0.3,
        }
        for row in counted.rows
        for measure, value in zip(_MEASURES, (row.parameters, row.macs, row.activations), strict=True)
    ]
    return pd.DataFrame(rows, columns=["number", "layer", "measure", "exact", "share", "weight"])


@cache
def share_chart() -> dict[str, Any]:
    """Grouped bars: each layer's share of all parameters, all MACs and all output values. A click selects a layer."""
    scale = alt.Scale(domain=list(_MEASURES), range=list(_MEASURES.values()))
    chart = (
        alt.Chart()
        .mark_bar(cursor="pointer")
        .encode(
            x=alt.X("layer:N", sort=None, title=None, axis=alt.Axis(labelAngle=-40)),
            xOffset=alt.XOffset("measure:N", sort=list(_MEASURES)),
            y=alt.Y("share:Q", title="share of the network's total", axis=alt.Axis(format="%")),
            color=alt.Color("measure:N", scale=scale, title=None, legend=alt.Legend(orient="top")),
            opacity=alt.Opacity("weight:Q", scale=None, legend=None),
            tooltip=[
                alt.Tooltip("layer:N"),
                alt.Tooltip("measure:N"),
                alt.Tooltip("exact:N", title="exactly"),
                alt.Tooltip("share:Q", format=".2%"),
            ],
        )
        .add_params(alt.selection_point(name=SELECTION, fields=["number"]))
        .properties(height=400)
        .configure_mark(**SILENT)
    )
    specification: dict[str, Any] = chart.to_dict(validate=True)
    # altair's placeholder for no data is one empty row, which would be drawn as a layer called "undefined".
    return {name: part for name, part in specification.items() if name not in ("data", "datasets")}
