"""The activations and their slopes, with an input that can be dragged, and what remains of a difference there."""

import math

import streamlit as st

from hw5core.charts.functions import FARTHEST, functions_chart, functions_table
from hw5core.explain.functions import input_at_which_remains, remains
from hw5core.markdown import markdown_table
from hw5core.runs.config import RunConfig
from pages.parts.shared.chart import draw_chart
from pages.parts.shared.component import inline_component

PARAMETER = "inputs"
"""The parameter of the URL with the two inputs, such as "4 to 5"."""

SHEETS_DIFFERENCES = (0.001, 0.00001)
"""What the sheet says remains of distant inputs with sigmoid."""

_KEY = "input slider"
_TITLE = "Activations and their slopes"
_FIRST = (4.0, 5.0)
_MOST = 1_000.0

_component = inline_component(__file__, "input_slider", '<div class="input-slider"></div>')


def functions(configs: tuple[RunConfig, ...]) -> None:
    """Draw the slider, the numbers at the chosen inputs, and the chart. Only this part is redrawn during a drag."""
    st.subheader("Functions", anchor=False)
    start, end = chosen_inputs()
    controls, picture = st.columns([3, 5])
    with controls:
        _component(
            key=_KEY,
            data={"start": start, "end": end, "farthest": FARTHEST, "presets": _presets()},
            on_chosen_change=_store_in_url,
        )
        st.markdown(numbers_table(configs, start, end))
        st.markdown(_sheet_in_words())
    with picture:
        table = functions_table(configs, [one for one in (start, end) if abs(one) <= FARTHEST])
        draw_chart(_TITLE, _in_words(configs, start, end), table, functions_chart(configs), key="functions chart")


def chosen_inputs() -> tuple[float, float]:
    """Return the two inputs in the URL, or 4 and 5. Visitors can write anything there."""
    return _valid(st.query_params.get(PARAMETER, "").split(" to ")) or _FIRST


def _valid(pair: object) -> tuple[float, float] | None:
    match pair:
        case [str() | int() | float() as first, str() | int() | float() as second]:
            try:
                start, end = float(first), float(second)
            except (ValueError, OverflowError):
                return None
            return (start, end) if -_MOST <= start < end <= _MOST else None
    return None


def _store_in_url() -> None:
    if pair := _valid(st.session_state.get(_KEY, {}).get("chosen")):
        st.query_params[PARAMETER] = f"{pair[0]:.4g} to {pair[1]:.4g}"


def _presets() -> tuple[tuple[str, float, float], ...]:
    """Return the buttons: text and both inputs."""
    of_sheet = tuple((f"{one:.5f}".rstrip("0"), input_at_which_remains(one)) for one in SHEETS_DIFFERENCES)
    return (
        ("4 and 5", 4.0, 5.0),
        ("40 and 50", 40.0, 50.0),
        *((f"{text} remains", round(place, 2), round(place + 1, 2)) for text, place in of_sheet),
    )


def numbers_table(configs: tuple[RunConfig, ...], start: float, end: float) -> str:
    """Return a Markdown table: value and slope at the first input, and what remains of the difference of both."""
    head = ["", f"f({start:g})", f"f′({start:g})", f"f({end:g}) − f({start:g})"]
    rows = [
        [
            f"**{config.label}**",
            short_number(config.spec.value(start)),
            short_number(config.spec.slope(start)),
            f"**{short_number(remains(config.spec, start, end))}**",
        ]
        for config in configs
    ]
    return markdown_table(head, rows, "lrrr")


def short_number(value: float) -> str:
    """Return the number with four digits, and tiny and huge ones as a power of ten."""
    if value == 0 or not math.isfinite(value) or 1e-4 <= abs(value) < 1e4:
        return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < 10 else f"{value:.4g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}·10^{int(exponent)}".replace("-", "−")


def _sheet_in_words() -> str:
    places = " and ".join(
        f"{one:.5f}".rstrip("0") + f" from x = {input_at_which_remains(one):.1f} on" for one in SHEETS_DIFFERENCES
    )
    return (
        f"The sheet names 0.001 and 0.00001. With sigmoid, a difference of 1 becomes {places}. At 40 and 50, the "
        "computer stores both values as exactly 1. So far from 0 the sheet is right. The question is whether the units "
        "of the network **are** there: see the evidence below."
    )


def _in_words(configs: tuple[RunConfig, ...], start: float, end: float) -> str:
    parts = (
        f"{config.label} is {short_number(config.spec.value(start))} with slope "
        f"{short_number(config.spec.slope(start))} at {start:g}, and {short_number(remains(config.spec, start, end))} "
        f"remains of the difference to {end:g}"
        for config in configs
    )
    return "; ".join(parts)
