"""Question 1: sliders for each convolution's channels and kernel size; formula, shape and count follow every edit."""

from dataclasses import replace

import streamlit as st

from hw5core.architecture import LIMITS, PRESETS, Architecture, ArchitectureError, Conv, parse
from hw5core.formulas import SYMBOLS, arithmetic
from hw5core.parameters import Count, LayerCount, count, torch_class
from pages.shared.frame import begin_page, big_number

SLIDER_CHANNELS = 512
SLIDER_KERNEL = 15
"""Where the sliders end unless the network at hand already goes further."""

_HOMEWORK = PRESETS["homework"]
_NETWORK = "network"
_ADDRESS = "net"
_RESULT = "counted"


def page() -> None:
    begin_page(
        __file__,
        "Count the parameters",
        "**Try this:** move one slider and watch which layers change. Why does the *next* layer change too?",
    )
    _adopt_address()
    controls, result = st.columns([2, 3], gap="large")
    with controls:
        _layer_sliders(st.session_state[_NETWORK])
    with result:
        _show_count()


def _adopt_address() -> None:
    """Start from the network in the address, and take over a new one when the address has changed."""
    in_address = st.query_params.get(_ADDRESS, _HOMEWORK.text)
    if in_address == st.session_state.get(_ADDRESS):
        return
    st.session_state[_ADDRESS] = in_address
    try:
        st.session_state[_NETWORK] = parse(in_address)
    except ArchitectureError as error:
        st.session_state[_NETWORK] = _HOMEWORK.architecture
        st.error(f"The network in this page's address cannot be read: {error}. The homework's is shown instead.")
    _reset_sliders(st.session_state[_NETWORK])


def _reset_sliders(network: Architecture) -> None:
    for place, conv in _convolutions(network):
        st.session_state[_slider_key(place, "out_channels")] = conv.out_channels
        st.session_state[_slider_key(place, "kernel_size")] = conv.kernel_size


def _layer_sliders(network: Architecture) -> None:
    """One pair of sliders per convolution; only the result is drawn anew when one moves."""
    for number, (place, conv) in enumerate(_convolutions(network), start=1):
        st.markdown(f"**Convolution {number}**")
        channels, kernel = st.columns(2)
        with channels:
            _slider(place, "out_channels", max(SLIDER_CHANNELS, conv.out_channels))
        with kernel:
            _slider(place, "kernel_size", max(SLIDER_KERNEL, conv.kernel_size))
    st.button("Back to the homework's AlexNet", icon=":material/undo:", on_click=_back_to_homework)


def _slider(place: int, field: str, highest: int) -> None:
    limit = LIMITS[field]
    key = _slider_key(place, field)
    # The state outlives a visit to another page, where Streamlit forgets widgets that were not drawn.
    st.session_state.setdefault(key, getattr(st.session_state[_NETWORK].layers[place], field))
    st.slider(limit.label, limit.lowest, highest, key=key, on_change=_edit, args=(place, field))


def _slider_key(place: int, field: str) -> str:
    return f"layer {place} {field}"


def _edit(place: int, field: str) -> None:
    network: Architecture = st.session_state[_NETWORK]
    layers = list(network.layers)
    layers[place] = replace(layers[place], **{field: st.session_state[_slider_key(place, field)]})
    _keep(replace(network, layers=tuple(layers)))
    st.rerun(_RESULT)


def _back_to_homework() -> None:
    _keep(_HOMEWORK.architecture)
    _reset_sliders(_HOMEWORK.architecture)


def _keep(network: Architecture) -> None:
    """Make this the page's network, and the address's, so that its link opens the same."""
    st.session_state[_NETWORK] = network
    st.session_state[_ADDRESS] = st.query_params[_ADDRESS] = str(network)


@st.fragment(key=_RESULT)
def _show_count() -> None:
    counted = count(st.session_state[_NETWORK])
    big_number("trainable parameters", f"{counted.parameters:,}" if not counted.misfit else "—")
    st.markdown(f"${SYMBOLS}$")
    st.markdown(_table(counted))
    if counted.misfit:
        st.error(
            f"**Layer {counted.misfit.number}**: {counted.misfit.message}. "
            f"The layers before it hold {counted.parameters:,} parameters."
        )


def _table(counted: Count) -> str:
    head = "| layer | arithmetic | output shape | parameters |\n|:--|:--|--:|--:|"
    rows = map(_row, counted.rows)
    total = f"| **total** | | | **{counted.parameters:,}** |" if not counted.misfit else ""
    shape = "×".join(map(str, counted.architecture.input_shape))
    return "\n".join([head, f"| input | | {shape} | none |", *rows, *_rows_that_wait(counted), total])


def _row(row: LayerCount) -> str:
    shape = "×".join(map(str, row.output_shape))
    formula = arithmetic(row)
    return f"| {row.name} | {f'${formula}$' if formula else ''} | {shape} | {row.parameters:,} |"


def _rows_that_wait(counted: Count) -> list[str]:
    """Layers from the misfit on: their input is not known, so neither are their numbers."""
    names = [torch_class(layer, counted.output_shape) for layer in counted.architecture.layers[len(counted.rows) :]]
    numbered = enumerate(names, start=len(counted.rows) + 1)
    return [
        f"| {'⚠️ ' if number == len(counted.rows) + 1 else ''}{name}-{number} | | ? | ? |" for number, name in numbered
    ]


def _convolutions(network: Architecture) -> list[tuple[int, Conv]]:
    return [(place, layer) for place, layer in enumerate(network.layers) if isinstance(layer, Conv)]


page()
