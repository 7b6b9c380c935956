"""The list of layers, with sliders that report while they are dragged. editor.js draws what `editor_data` returns."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import streamlit as st

from hw5core.network import editing
from hw5core.network.architecture import INPUT_LIMITS, MAX_LAYERS, Architecture
from hw5core.network.base_layer import Layer, Shape
from hw5core.network.counting import Count
from hw5core.network.fields import Limit, in_prose
from hw5core.network.layers import KINDS
from pages.parts.count import state
from pages.parts.shared.component import inline_component

_KEY = "layer editor"
_Data = dict[str, Any]

_component = inline_component(
    __file__,
    "layer_editor",
    """<ol class="layers" aria-label="Layers"></ol><div class="adding"></div>
    <p class="error problem" role="alert"></p>""",
)


def layer_editor(counted: Count, selected: int | None) -> None:
    """Draw the editor. While a control moves, only the fragment around the editor runs again."""
    edit = st.session_state.get(_KEY, {}).get("edit")
    current = state.current()
    _component(
        key=_KEY,
        data={
            "received": edit.get("number") if isinstance(edit, dict) else None,
            "acted": current.acted,
            "settled": current.settled,
            **editor_data(counted, selected, current.refusal),
        },
        on_edit_change=lambda: apply_edit(st.session_state[_KEY].get("edit")),
        on_settled_change=_settle,
        on_actions_change=lambda: apply_actions(st.session_state[_KEY].get("actions")),
    )


def editor_data(counted: Count, selected: int | None, refusal: state.Refusal | None = None) -> _Data:
    """Return what the editor shows: a card for the input and for each layer, and the menu of new layers.

    A refused value stays in its control, and the reason is on its card.
    """
    cards = [_input_card(counted.architecture), *_layer_cards(counted, selected)]
    if refusal and refusal.place is not None:
        _show_refusal(refusal, cards)
    # Tuples, because Streamlit imports pandas to find out whether a list is a table.
    return {
        "cards": tuple(cards),
        "problem": refusal.message if refusal and refusal.place is None else "",
        "kinds": tuple(entry for kind in KINDS for entry in kind.menu().items()),
        "add_at": selected if selected else len(counted.architecture.layers),
        "add_label": f"Add below layer {selected}" if selected else "Add at the end",
    }


def _show_refusal(refusal: state.Refusal, cards: list[_Data]) -> None:
    for card in cards:
        if card["place"] == refusal.place and any(control["field"] == refusal.field for control in card["controls"]):
            values = refusal.value if isinstance(refusal.value, list) else [refusal.value]
            refused = {"refused": [str(value)[:30] for value in values[:2]]}
            card["controls"] = tuple(
                control | refused if control["field"] == refusal.field else control for control in card["controls"]
            )
            card["error"] = refusal.message


def _input_card(network: Architecture) -> _Data:
    controls = tuple(
        _number(str(axis), limit, limit, size)
        for axis, (limit, size) in enumerate(zip(INPUT_LIMITS, network.input_shape, strict=True))
    )
    return _card(-1, "input", "Input", f"at most {MAX_LAYERS} layers", controls)


def _layer_cards(counted: Count, selected: int | None) -> list[_Data]:
    cards = []
    for place, layer in enumerate(counted.architecture.layers):
        row = counted.rows[place] if place < len(counted.rows) else None
        misfit = counted.misfit if counted.misfit and counted.misfit.number == place + 1 else None
        # The input of a layer after a misfit is unknown.
        shape = row.input_shape if row else counted.output_shape if misfit else ()
        card = _card(
            place,
            type(layer).__name__,
            f"{layer.torch_class(shape or counted.output_shape)}-{place + 1}",
            f"{'×'.join(map(str, row.output_shape))} · {row.parameters:,}" if row else "?",
            _controls(layer, shape),
        )
        card["folded"] = _folded_values(layer)
        card["selected"] = selected == place + 1
        card["error"] = misfit.message if misfit else ""
        card["uncounted"] = not row and not misfit
        cards.append(card)
    return cards


def _card(place: int, kind: str, name: str, facts: str, controls: tuple[_Data, ...]) -> _Data:
    """Return the card of a layer that is not selected and fits. `place` counts layers from 0; the input has -1."""
    return {
        "place": place,
        "kind": kind,
        "name": name,
        "facts": facts,
        "controls": controls,
        "folded": "",
        "selected": False,
        "error": "",
        "uncounted": False,
    }


@lru_cache(maxsize=4096)
def _controls(layer: Layer, input_shape: Shape) -> tuple[_Data, ...]:
    """Return one control per field of the layer. Each ends where the layer stops fitting its input.

    While a slider moves, most layers stay the same, so their controls are cached.
    """
    bounds, limits, ends = layer.bounds(input_shape), layer.limits(), layer.slider_ends()
    side_bounds = layer.side_bounds(input_shape)
    controls = []
    for name, label in layer.labels().items():
        value, choices = getattr(layer, name), layer.choices(name, input_shape)
        if choices:
            controls.append(_choice(name, label, value, choices))
        elif isinstance(value, bool):
            controls.append({"field": name, "label": label, "type": "toggle", "value": value, "compact": True})
        elif name in ends:
            controls.append(_slider(name, bounds[name], value, ends[name]))
        else:
            controls.append(_number(name, bounds[name], limits[name], value))
        if name in limits and limits[name].has_sides:
            ranges = [[limit.lowest, limit.highest] for limit in side_bounds[name]]
            controls[-1] |= {"sides": ranges, "word": limits[name].word}
    return tuple(controls)


def _slider(name: str, bounds: Limit, value: Any, common: int) -> _Data:
    """Return a slider that ends at the largest common value, or at the present value if that is larger.

    The number next to the slider goes up to the bound.
    """
    highest = max(common, value if isinstance(value, int) else 0)
    shown = replace(bounds, highest=min(bounds.highest, highest))
    return _number(name, shown, bounds, value) | {"type": "slider", "step": bounds.step, "compact": False}


def _number(name: str, shown: Limit, limit: Limit, value: Any) -> _Data:
    """Return a number field. Its arrows stay within `shown`, and a typed number within `limit`."""
    return {
        "field": name,
        "label": shown.label.removeprefix("input "),
        "type": "number",
        "value": value,
        "lowest": shown.lowest,
        "highest": shown.highest,
        "limit": limit.highest,
        "step": 1,
        "compact": True,
    }


def _choice(name: str, label: str, value: object, choices: dict[Any, str]) -> _Data:
    return {
        "field": name,
        "label": label,
        "type": "choice",
        "value": value,
        "options": list(choices.items()),
        "numeric": isinstance(value, int),
        "compact": True,
    }


@lru_cache(maxsize=4096)
def _folded_values(layer: Layer) -> str:
    """Return the values of the controls that are folded away, such as "stride 4 · padding 2 · no bias"."""
    ends = layer.slider_ends()
    values = [(label, getattr(layer, name)) for name, label in layer.labels().items() if name not in ends]
    return " · ".join(
        f"no {label}" if value is False else label if value is True else f"{label} {in_prose(value, '×')}"
        for label, value in values
    )


# Reports from the browser. A browser can send anything: a report without the expected parts is ignored, and `editing`
# refuses impossible values.


def apply_edit(edit: object) -> None:
    """Apply a reported edit {place, field, value} by a control that may still be moving."""
    match edit:
        case {"place": -1, "field": str() as field, "value": value}:
            axis, size = {"0": 0, "1": 1, "2": 2}.get(field, -1), _whole(value)
            state.move_control(lambda network: editing.set_input(network, axis, size), -1, field, size)
        case {"place": int() as place, "field": str() as field, "value": value}:
            new = _whole(value)
            state.move_control(lambda network: editing.set_field(network, place, field, new), place, field, new)
        case _:
            return


def apply_actions(actions: object) -> None:
    """Apply the reported actions {number, kind, ...} that are newer than the last one, in their order.

    The editor reports an action again until it knows that the action has arrived, so that none is lost while the page
    runs.
    """
    session = state.current()
    for action in actions if isinstance(actions, list) else []:
        match action:
            case {"number": int() as number} if number > session.acted:
                session.acted = number
                _apply_action(action)
    st.rerun()


def _apply_action(action: _Data) -> None:
    """Select, move, remove or make square the layer at {place}, add the one in {word}, or undo or redo an edit."""
    match action:
        case {"kind": "select", "place": int() as place}:
            state.toggle_selection(place + 1)
        case {"kind": "remove", "place": int() as place}:
            state.edit(lambda network: editing.remove(network, place))
        case {"kind": "square", "place": int() as place}:
            state.edit(lambda network: editing.square(network, place))
        case {"kind": "up", "place": int() as place}:
            _move(place, -1)
        case {"kind": "down", "place": int() as place}:
            _move(place, 1)
        case {"kind": "add", "place": int() as place, "word": str() as word}:
            # A quick user adds a layer before the browser knows that another one was removed.
            state.edit(lambda network: editing.insert(network, min(place, len(network.layers)), word))
        case {"kind": "undo"}:
            state.undo()
        case {"kind": "redo"}:
            state.redo()


def _move(place: int, by: int) -> None:
    """Move the layer. If it is the selected one, it stays selected."""
    selected = state.current().selected
    state.edit(lambda network: editing.move(network, place, by))
    if selected == place + 1:
        state.select(min(max(1, selected + by), len(state.current().network.layers)))


def _settle() -> None:
    state.settle()
    st.rerun()


def _whole(value: Any) -> Any:
    """Return 3 for 3.0, also in a list: JavaScript has one type for all numbers."""
    if isinstance(value, list):
        return [_whole(one) for one in value[:3]]
    return int(value) if isinstance(value, float) and value.is_integer() else value
