"""The choice of the network whose parameters a student has counted. The URL of the page contains it.

The network may be that of pasted code. Then answers may use the names of the layers there, as long as it is not edited.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from hw5core.errors import ArchitectureError
from hw5core.homework.answers.check import asked_layers
from hw5core.homework.answers.matching import Asked
from hw5core.homework.variants import MAX_NAME, code_of, variant, variant_number
from hw5core.network.counting import Count, count_fitting
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS, Preset
from hw5core.pasted.reading import Reading
from pages.parts.shared.preset_menu import preset_menu
from pages.parts.shared.streamlit_internals import DeltaGenerator

NETWORK = "net"
"""The parameter of the URL, which is also the key of the text field."""

VARIANT = "variant"
"""The parameter of the URL for the student's variant."""

_LAST = "network of the last check"
_LAST_VARIANT = "variant of the last check"
_NAME = "name or number of the student"
_CODE = "code of the checked network"


@dataclass(frozen=True)
class Chosen:
    """The counts of the network, and of the student's own variant of it. Without a variant, they are the same.

    `asked` are the layers of the own network that answers may name.
    """

    network: Count
    own: Count
    asked: tuple[Asked, ...]


def chosen_network(fields: Sequence[DeltaGenerator]) -> Chosen:
    """Draw the menu of presets, the network in one line and the field for a variant of it. Return what is chosen.

    Raises ArchitectureError if it cannot be read, a layer does not fit or no layer has parameters.
    """
    presets, line, name = fields
    preset_menu(presets, "check preset", _take_preset)
    if NETWORK not in st.query_params and _LAST in st.session_state:
        # The URL of another page does not have the network.
        st.session_state.setdefault(NETWORK, st.session_state[_LAST])
    text = st.session_state[_LAST] = line.text_input(
        "The network in one line", PRESETS["homework"].text, key=NETWORK, bind="query-params", help=_HELP
    )
    student = _student(name)
    counted = count_fitting(parse(text))
    if not counted.parameters:
        raise ArchitectureError("it has no layer with parameters: add one, such as conv16k3")
    if not student:
        return Chosen(counted, counted, _asked(counted))
    number = variant_number(student)
    varied = variant(counted.architecture, number)
    st.markdown(f"Variant **{code_of(number)}**: `{varied.architecture}`")
    return Chosen(counted, varied, asked_layers(varied))


def take_code(reading: Reading) -> None:
    """Choose the network of pasted code."""
    st.session_state[NETWORK] = str(reading.network)
    st.session_state[_CODE] = reading
    choose_variant("")


def _asked(counted: Count) -> tuple[Asked, ...]:
    """Return the layers that answers may name, with their names in the code that the network is from."""
    reading: Reading | None = st.session_state.get(_CODE)
    if reading is None or reading.network != counted.architecture:
        return asked_layers(counted)
    st.caption(f"The network of your {reading.library} code. Answers may use its names.")
    return asked_layers(counted, reading)


def _student(place: DeltaGenerator) -> str:
    """Draw the field for a student's name or number. Return the code of the variant, "" if the field is empty.

    The field is not bound to the URL: the browser would write the name there before the server has hashed it.
    """
    if VARIANT not in st.query_params and st.session_state.get(_LAST_VARIANT):
        # The URL of another page does not have the variant.
        st.query_params[VARIANT] = st.session_state[_LAST_VARIANT]
    st.session_state[_LAST_VARIANT] = st.query_params.get(VARIANT, "")
    st.session_state.setdefault(_NAME, st.session_state[_LAST_VARIANT])
    place.text_input(
        "Your name or number",
        key=_NAME,
        max_chars=MAX_NAME,
        placeholder="for your own numbers",
        help=_VARIANT_HELP,
        on_change=_take_name,
    )
    return str(st.session_state[_LAST_VARIANT]).strip()


def choose_variant(code: str) -> None:
    """Choose the variant of this code; "" chooses the network itself."""
    st.session_state[_NAME] = st.session_state[_LAST_VARIANT] = code
    if code:
        st.query_params[VARIANT] = code
    else:
        st.query_params.pop(VARIANT, None)


def _take_name() -> None:
    """Put the code of the variant in the place of the name, which is not kept."""
    name = st.session_state[_NAME].strip()[:MAX_NAME]
    try:
        choose_variant(code_of(variant_number(name)) if name else "")
    except ArchitectureError:
        choose_variant(name)  # a mistyped code, about which the page has a message


def _take_preset(preset: Preset) -> None:
    st.session_state[NETWORK] = preset.text


_VARIANT_HELP = (
    "Each name or number gets its own variant of the network: other numbers, equally difficult. The name is hashed to "
    "the code of a variant and not kept. The code, such as v042, gives the same variant."
)
_HELP = "The Count page shows this line for each network. The URL of this page contains it."
