"""Question 1: move a slider, and the arithmetic, the shapes and the counts of every layer follow the thumb."""

import streamlit as st

from hw5core.explain.formulas import SYMBOLS
from hw5core.explain.torch_report import ModuleReport
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.architecture import INPUT_LIMITS, MAX_LAYERS
from hw5core.network.counting import MAX_VALUES, Count, count
from hw5core.network.layers import KINDS
from hw5core.network.notation import MAX_TEXT, parse
from hw5core.network.presets import PRESETS
from pages.parts.count import work
from pages.parts.count.at_work import convolution_at_work
from pages.parts.count.clickable_drawing import clickable_drawing
from pages.parts.count.compare import compare
from pages.parts.count.editor import layer_editor
from pages.parts.count.live_table import live_table
from pages.parts.count.module_report import redraw_when_reported, report_of
from pages.parts.count.table import cost_table, count_table, formula_table, shape_table
from pages.parts.count.take_away import take_away
from pages.parts.count.tools import tools
from pages.parts.count.total import sticky_total, total_style
from pages.parts.shared.frame import begin_page
from pages.parts.shared.guide import Step
from pages.parts.shared.lecture import aside, lecture_mode
from pages.parts.shared.plain_words import plain

_PRESET = "preset"
_STEPS = (
    Step("Drag the channels of the first convolution. The total follows your thumb.", ".st-key-layers"),
    Step(
        "The next convolution's row changed too: each of its filters looks through all the channels before it.",
        ".hw5-live-table",
    ),
    Step(
        "Click a block, a bar or a layer's name: it is marked everywhere, and shown at work below.", ".st-key-drawing"
    ),
    Step("The page's address is your network. Copy link, and others open the same.", ".st-key-copy-link"),
)


def page() -> None:
    begin_page(
        __file__,
        "Count the parameters",
        "**Try this:** drag one slider and watch which layers change. Why does the *next* layer change too?",
        _STEPS,
    )
    current = work.begin_work()
    with aside("start"):
        _start_row(current)
    if current.refusal:
        st.error(plain(current.refusal))
    counted = count(current.network)
    report = report_of(str(counted.fitting))
    total_style()
    _lab(report)
    _show_drawing(counted, current.selected)
    # Only now: pandas and altair take longer to import than a server to start, and the numbers need not wait for them.
    from pages.parts.count.bars import share_bars

    share_bars(counted, current.selected)
    convolution_at_work(counted, current.selected)
    if not lecture_mode():
        tools(counted, report if isinstance(report, ModuleReport) else None)
        compare(counted, current.pinned)
        take_away(counted)
        st.caption(_limits())
    if report is None:
        redraw_when_reported(str(counted.fitting))


def _start_row(current: work.Work) -> None:
    """Where a network comes from: a preset, a line of text, or one step back."""
    presets, line, undo = st.columns([3, 6, 1], vertical_alignment="bottom")
    presets.selectbox(
        "Start from",
        list(PRESETS),
        index=None,
        placeholder="a preset",
        format_func=lambda name: PRESETS[name].title,
        key=_PRESET,
        on_change=_take_preset,
    )
    line.text_input("The network in one line", key=work.LINE, on_change=_take_line, help=_how_to_write())
    undo.button("Undo", icon=":material/undo:", on_click=work.undo, disabled=not current.history.past, width="stretch")
    note = next(
        (f"**{preset.title}.** {preset.note}" for preset in PRESETS.values() if preset.text == str(current.network)), ""
    )
    st.caption(note or "Your own network. Its link is this page's address.")


def _how_to_write() -> str:
    return (
        "First the input, channels x height x width, then one word per layer. conv96k11s4p2d1g1: a convolution of 96 "
        "channels, kernel 11, stride 4, padding 2, dilation 1, 1 group; nobias at the end leaves the biases out. "
        f"maxpool3s2, avgpool2, flatten, linear10, bn, dropout0.5; activations: {', '.join(ACTIVATIONS)}. {_limits()}"
    )


def _limits() -> str:
    limits = [limit for kind in KINDS for limit in kind.limits().values()] + list(INPUT_LIMITS)
    ranges = dict.fromkeys(f"{limit.label} {limit.lowest:,} to {limit.highest:,}" for limit in limits)
    return (
        f"Limits: at most {MAX_LAYERS} layers, {MAX_TEXT:,} characters and {MAX_VALUES:,} output values a layer; "
        f"{', '.join(ranges)}."
    )


def _take_preset() -> None:
    name = st.session_state[_PRESET]
    if name in PRESETS:
        work.change_to(lambda _: PRESETS[name].architecture)
        work.mark(None)
    st.session_state[_PRESET] = None


def _take_line() -> None:
    work.change_to(lambda _: parse(st.session_state[work.LINE]), "That line cannot be read")


@st.fragment(key="lab")
def _lab(report: ModuleReport | str | None) -> None:
    """All that follows the thumb. It runs alone while a control moves; PyTorch's report comes when it has settled."""
    current = work.current_work()
    counted = count(current.network)
    facts = report if current.resting and isinstance(report, ModuleReport) else None
    sticky_total(counted)
    controls, result = st.columns([2, 3], gap="medium")
    with controls.container(key="layers"):
        layer_editor(counted, current.selected)
    with result:
        _show_misfit(counted)
        _show_table(counted, facts, current.selected)
    if isinstance(report, str):
        st.warning(report)


def _show_misfit(counted: Count) -> None:
    if counted.misfit:
        st.error(
            f"**Layer {counted.misfit.number}**: {counted.misfit.message}. "
            f"The layers before it hold {counted.parameters:,} parameters."
        )


def _show_table(counted: Count, facts: ModuleReport | None, selected: int | None) -> None:
    shown = st.segmented_control(
        "Columns",
        ["Count", "Formulas", "Cost"],
        default="Count",
        required=True,
        key="columns",
        label_visibility="collapsed",
    )
    if shown in ("Count", None):
        st.markdown(f"${SYMBOLS}$")
        live_table("count table", count_table(counted, facts, selected))
    elif shown == "Formulas":
        st.markdown(formula_table(counted, selected))
        st.markdown(shape_table(counted, selected))
        st.caption("k kernel size, s stride, p padding, d dilation; ⌊ ⌋ rounds down.")
    else:
        live_table("cost table", cost_table(counted, selected))
        st.caption(
            "A MAC multiplies by one weight and adds, so it is two FLOPs. The output is kept for the backward pass, at "
            "4 bytes a value. The receptive field is what one output value sees of the input. The share is of all "
            "parameters."
        )


def _show_drawing(counted: Count, selected: int | None) -> None:
    clickable_drawing(counted, selected)
    st.caption("Heights to scale; thickness is the logarithm of the channels. Activations keep the shape: not drawn.")


page()
