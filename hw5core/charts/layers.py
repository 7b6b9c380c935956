"""The chart of each layer's share of the network's parameters, MACs and output values: three bars per layer.

The specification contains no data, so Streamlit replaces the data in place while a slider moves.
"""

from functools import cache
from typing import Any

import altair as alt
import pandas as pd

from hw5core.charts.parts import SILENT
from hw5core.network.counting import Count

SELECTION = "layer"
"""The name of the chart's point selection. It selects by `number`."""

_MEASURES = {"parameters": "#009E73", "MACs": "#E69F00", "output values": "#CC79A7"}
"""The measures and their colours, from the colour-blind-safe set."""

UPRIGHT_FROM = 16
"""The number of layers from which the labels of the chart are upright."""

# Streamlit's labels are 12 pixels high. Above 100 layers per screen they would overlap, so they shrink with their bars.
_LONGEST = 400  # pixels; Vega would cut a long name in lecture mode, and with it the number of its layer
_UPRIGHT = alt.Axis(
    labelAngle=-90,
    labelLimit=_LONGEST,
    labelOverlap=False,
    labelFontSize=alt.ExprRef("max(5, min(12, width / domain('x').length))"),
)


def share_table(counted: Count, selected: int | None) -> pd.DataFrame:
    """Return three rows per layer, with the columns number, layer, measure, exact, share and weight.

    `share` is that of the network's total, from 0 to 1. `weight` is 1, or less if another layer is selected.
    """
    totals = {"parameters": counted.parameters, "MACs": counted.macs, "output values": counted.activations}
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
def share_chart(upright: bool = False) -> dict[str, Any]:
    """Return grouped bars of each layer's share of all parameters, MACs and output values. A click selects a layer.

    With many layers, the labels have to be `upright` so that each has enough space.
    """
    scale = alt.Scale(domain=list(_MEASURES), range=list(_MEASURES.values()))
    chart = (
        alt.Chart()
        .mark_bar(cursor="pointer")
        .encode(
            x=alt.X(
                "layer:N",
                sort=None,
                title=None,
                axis=_UPRIGHT if upright else alt.Axis(labelAngle=-40, labelLimit=_LONGEST),
            ),
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
    # Altair's placeholder for missing data is one empty row, which would be drawn as a layer called "undefined".
    return {name: part for name, part in specification.items() if name not in ("data", "datasets")}
