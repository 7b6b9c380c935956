"""What a browser says of its controls, checked before a page reads it.

A browser can say anything of them, and so can a page that was opened before the app was renewed. Streamlit takes it on
trust: one value of another type, or JSON of another form, and the page ends in an error that is not the visitor's to
understand. Here such a control stands where it stood at first, and everything else on the page as it was. Nor may a
browser have the server forget what it keeps for all.
"""

import math
from contextlib import suppress
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.state.common import WidgetMetadata, is_element_id
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX, Serialized, Value, WStates

_trusting_read, _trusting_take = WStates.__getitem__, WStates.set_widget_from_proto


def check_what_is_said() -> None:
    """From now on, in all sessions. Streamlit has no place of its own for it, so its mapping of values gets one; a test
    sends every page what makes no sense."""
    WStates.set_widget_from_proto = _take  # type: ignore[method-assign, assignment]
    WStates.__getitem__ = _read  # type: ignore[method-assign]
    AppSession._handle_clear_cache_request = _keep_caches  # type: ignore[method-assign, assignment]


def _keep_caches(_: AppSession) -> None:
    """Any browser can ask that the caches be emptied, though no menu here offers it. They are everybody's, the engine
    and its workers among them."""


def _take(states: WStates, said: WidgetState) -> None:
    """What goes by another name than a control's would be taken for a value that a page keeps in the session."""
    if is_element_id(said.id) or said.id.startswith(STREAMLIT_INTERNAL_KEY_PREFIX):
        _trusting_take(states, said)


def _read(states: WStates, widget: str) -> Any:
    said, metadata = states.states.get(widget), states.widget_metadata.get(widget)
    if not isinstance(said, Serialized) or metadata is None:
        return _trusting_read(states, widget)
    if _is_of_its_kind(said.value, metadata):
        with suppress(Exception):  # whatever a control of Streamlit's makes of nonsense
            return _trusting_read(states, widget)
    at_first = metadata.deserializer(None)
    states.states[widget] = Value(at_first)
    return at_first


def _is_of_its_kind(said: WidgetState, metadata: WidgetMetadata[Any]) -> bool:
    """Whether it is said in the type that the control declared, and is a number or one of its options where it is to be
    one."""
    kind = said.WhichOneof("value")
    if kind is None:
        return True
    # A whole number's control declares a double and is told an int.
    if kind != metadata.value_type and not {kind, metadata.value_type} <= {"int_value", "double_value"}:
        return False
    if kind == "double_value" and not math.isfinite(said.double_value):
        return False
    return (
        kind != "string_value" or metadata.formatted_options is None or said.string_value in metadata.formatted_options
    )
