"""Question 1: the arithmetic, shapes and counts of every layer, updated while a slider moves."""

import streamlit as st

from hw5core.explain.formulas import SYMBOLS
from hw5core.explain.torch_report import ModuleReport
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.architecture import INPUT_LIMITS, MAX_LAYERS
from hw5core.network.counting import MAX_VALUES, Count, count
from hw5core.network.layers import KINDS
from hw5core.network.notation import MAX_TEXT
from hw5core.network.presets import PRESETS, Preset
from hw5core.pasted.reading import Reading
from pages.parts.count import state
from pages.parts.count.batch_size import batch_size, problem_in_url
from pages.parts.count.channels_last import channels_last
from pages.parts.count.clickable_drawing import clickable_drawing
from pages.parts.count.compare import compare
from pages.parts.count.convolution import convolution_step_by_step
from pages.parts.count.editor import layer_editor
from pages.parts.count.export import export
from pages.parts.count.live_table import live_table
from pages.parts.count.module_report import prepare_workers, redraw_when_reported, report_of
from pages.parts.count.race_link import race_link
from pages.parts.count.tables import cost_table, count_table, formula_table, shape_table
from pages.parts.count.tool_reports import tool_reports
from pages.parts.count.total import sticky_total, total_style
from pages.parts.shared.frame import begin_page
from pages.parts.shared.guide import Step
from pages.parts.shared.lecture import aside, lecture_mode
from pages.parts.shared.pasted import paste_button
from pages.parts.shared.plain_words import plain
from pages.parts.shared.preset_menu import preset_menu
from pages.parts.shared.streamlit_internals import DeltaGenerator

_SHORT = 14
"""The largest number of layers whose drawing fits into half of a wide screen."""

_STEPS = (
    Step("Drag the channels of the first convolution. The total changes while you drag.", ".st-key-layers"),
    Step(
        "The next convolution changed too. Each of its filters has weights for every channel that comes in.",
        ".hw5-live-table",
    ),
    Step("Click a block, a bar or the name of a layer to select that layer everywhere.", ".st-key-drawing"),
    Step("The URL of this page contains your network. Copy the link to share it.", ".st-key-copy-link"),
)


def page() -> None:
    begin_page(
        __file__,
        "Count the parameters",
        "**Try this:** drag one slider and watch which layers change. Why does the next layer change too?",
        _STEPS,
    )
    current = state.open_state()
    current.error = problem_in_url() or current.error
    with aside("start"):
        race = _start_row(current)
    # A container that is always there, because Streamlit builds everything below a new element again.
    with st.container():
        if current.error:
            st.error(plain(current.error))
        channels_last(current.network)
    counted = count(current.network)
    report = report_of(str(counted.fitting))
    total_style()
    _lab(report)
    prepare_workers()  # Another process imports torch for seconds, while this one imports the charts.
    _pictures(counted, current.selected)
    with race:
        race_link(current.network)
    convolution_step_by_step(counted, current.selected)
    if not lecture_mode():
        tool_reports(counted, report if isinstance(report, ModuleReport) else None, current.images)
        compare(counted, current.pinned)
        export(counted)
        st.caption(_limits())
    if report is None:
        redraw_when_reported(str(counted.fitting))


def _start_row(current: state.State) -> DeltaGenerator:
    """Draw the sources of a network: presets, a line of text, and undo. Return the place of the link to a race."""
    presets, line, history = st.columns([2, 4, 3], vertical_alignment="bottom")
    preset_menu(presets, "preset", _take_preset)
    line.text_input("The network in one line", key=current.line_key, on_change=state.read_line, help=_notation_help())
    with history.container(horizontal=True, gap="small"):
        st.button("Undo", icon=":material/undo:", help="Ctrl+Z", on_click=state.undo, disabled=not current.history.past)
        st.button(
            "Redo", icon=":material/redo:", help="Ctrl+Y", on_click=state.redo, disabled=not current.history.future
        )
        paste_button("count", "Count the network of your PyTorch or Keras code", current.network, _take_code)
    words, race = st.columns([5, 2], vertical_alignment="center")
    note = next(
        (f"**{preset.title}.** {preset.note}" for preset in PRESETS.values() if preset.text == str(current.network)), ""
    )
    words.caption(note or "Your own network. The URL of this page is its link.")
    return race


def _pictures(counted: Count, selected: int | None) -> None:
    """Draw the network and the bars. On a wide screen (frame.css) they are side by side if the drawing is short."""
    with st.container(key="pair" if len(counted.rows) <= _SHORT else "pictures"):
        with st.container():
            clickable_drawing(counted, selected)
            st.caption(
                "Heights are to scale. Thickness is the logarithm of the channels. Layers that keep the shape, such as "
                "activations, are not drawn."
            )
        # Importing numpy, pandas and altair takes longer than starting a server, so the numbers are drawn first.
        from pages.parts.count.bars import share_bars

        with st.container():
            share_bars(counted, selected)


def _notation_help() -> str:
    kinds = [kind for kind in KINDS if kind.example not in ACTIVATIONS]
    options = "; ".join(f"{kind.title}: {kind.options_in_words()}" for kind in kinds if kind.options_in_words())
    return (
        "First the input, channels x height x width, then one word per layer: "
        f"{', '.join(kind.example for kind in kinds)}, or an activation ({', '.join(ACTIVATIONS)}). "
        f"Options follow the number. {options}. k3x5 is a kernel of height 3 and width 5. {_limits()}"
    )


def _limits() -> str:
    limits = [limit for kind in KINDS for limit in kind.limits().values()] + list(INPUT_LIMITS)
    ranges = dict.fromkeys(f"{limit.label} {limit.lowest:,} to {limit.highest:,}" for limit in limits)
    return (
        f"Limits: at most {MAX_LAYERS} layers, {MAX_TEXT:,} characters and {MAX_VALUES:,} output values per layer; "
        f"{', '.join(ranges)}."
    )


def _take_code(reading: Reading) -> None:
    state.read(lambda: reading.network, "This code cannot be used")
    state.select(None)


def _take_preset(preset: Preset) -> None:
    state.read(lambda: preset.architecture, "This preset cannot be read")
    state.select(None)


@st.fragment(key="lab")
def _lab(report: ModuleReport | str | None) -> None:
    """Draw everything that changes while a control moves. Only this fragment runs until the control rests."""
    current = state.current()
    counted = count(current.network)
    # While a control moves, the report is that of an earlier network.
    fresh = report if current.settled and isinstance(report, ModuleReport) else None
    sticky_total(counted, current.pinned, current.images)
    controls, result = st.columns([1, 2] if lecture_mode() else [2, 3], gap="medium")
    with controls.container(key="layers"):
        layer_editor(counted, current.selected)
    with result:
        with st.container():
            if counted.misfit:
                st.error(
                    f"**Layer {counted.misfit.number}**: {counted.misfit.message}. "
                    f"The layers before it have {counted.parameters:,} parameters."
                )
        _show_table(counted, fresh, current)
    if isinstance(report, str):
        st.warning(report)


def _show_table(counted: Count, report: ModuleReport | None, current: state.State) -> None:
    selected = current.selected
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        shown = st.segmented_control(
            "Columns",
            ["Count", "Formulas", "Cost"],
            default="Count",
            required=True,
            key="columns",
            label_visibility="collapsed",
        )
        images = batch_size()
    if images != current.images:
        current.images = images
        st.rerun()  # other parts of the page show memory too
    if shown == "Formulas":
        st.markdown(formula_table(counted, selected))
        st.markdown(shape_table(counted, selected))
        st.caption("k kernel size, s stride, p padding, d dilation, each of that side; ⌊ ⌋ rounds down, ⌈ ⌉ up.")
    elif shown == "Cost":
        live_table("cost table", cost_table(counted, selected, images))
        st.caption(
            "A MAC is a multiplication by a weight and an addition, so it is two FLOPs. The output of each image of a "
            "batch is stored for the backward pass, with 4 bytes per value. The receptive field is the part of the "
            "input that one output value depends on. Where it is larger than the image, the rest is padding. The share "
            "is that of all parameters."
        )
    else:
        st.markdown(f"${SYMBOLS}$")
        live_table("count table", count_table(counted, report, selected))
        if counted.stored:
            st.caption(
                "A batch normalisation also stores a running mean and a running variance per channel, here "
                f"{counted.stored:,} values. They are not trained, so PyTorch does not count them as parameters. Keras "
                "counts four values per channel, two of them as “non-trainable”."
            )


page()
