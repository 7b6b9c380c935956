"""The check of all widget values that browsers send, before a page reads them.

A browser can send anything, and so can a page that was opened before the app was updated. Streamlit trusts it: a value
of the wrong type ends the page in an error, and so does a number in the URL that is too large. With this guard the
widget has its default value instead, and the rest of the page stays as it is.
"""

import math

from pages.parts.shared.streamlit_internals import (
    WidgetValue,
    guard_url_values,
    guard_widget_values,
    keep_parameters_of_links,
    refuse_cache_clears,
)


def guard_widgets() -> None:
    """Switch the guard on, for all sessions of this server. Calling it again changes nothing."""
    guard_widget_values(_is_valid)
    guard_url_values()
    keep_parameters_of_links()
    refuse_cache_clears()


def _is_valid(sent: WidgetValue) -> bool:
    """Return True if the value has the declared type, is finite, and is one of the widget's options."""
    numbers = {"int_value", "double_value"}  # the widget of a whole number declares a double but receives an int
    if sent.field is None:
        return True
    if sent.field != sent.declared_field and not {sent.field, sent.declared_field} <= numbers:
        return False
    if sent.field == "double_value" and not math.isfinite(sent.value):
        return False
    return sent.field != "string_value" or sent.options is None or sent.value in sent.options
