"""The list of layers with sliders that report while they are dragged (editor.js draws it; here is what it draws)."""

from dataclasses import replace
from typing import Any

import streamlit as st

from hw5core.network import editing
from hw5core.network.architecture import INPUT_LIMITS, MAX_LAYERS, Architecture
from hw5core.network.base_layer import Layer, Limit, Shape
from hw5core.network.counting import Count
from hw5core.network.layers import KINDS
from pages.parts.count import work
from pages.parts.shared.component import inline_component

KEY = "layer editor"

_Card = dict[str, Any]

_component = inline_component(
    __file__, "layer_editor", '<ol class="layers" aria-label="Layers"></ol><div class="adding"></div>'
)


def layer_editor(counted: Count, selected: int | None) -> None:
    """Draw the editor. What it reports goes to `work`; while a control moves only the fragment around it runs again."""
    _component(
        key=KEY,
        data=_shown(counted, selected),
        on_edit_change=_edited,
        on_settled_change=_settled,
        on_action_change=_acted,
    )


def _shown(counted: Count, selected: int | None) -> dict[str, Any]:
    edit = st.session_state.get(KEY, {}).get("edit")
    answered = edit.get("number") if isinstance(edit, dict) else None
    after = selected if selected else len(counted.architecture.layers)
    # Tuples, because Streamlit imports pandas to see whether a list might be a table.
    return {
        "answered": answered,
        "resting": work.current_work().resting,
        "cards": (_input_card(counted.architecture), *_layer_cards(counted, selected)),
        "kinds": tuple(entry for kind in KINDS for entry in kind.menu().items()),
        "add_at": after,
        "add_label": f"Add below layer {selected}" if selected else "Add at the end",
    }


def _input_card(network: Architecture) -> _Card:
    controls = [
        _number(str(axis), limit, limit, size, compact=True)
        for axis, (limit, size) in enumerate(zip(INPUT_LIMITS, network.input_shape, strict=True))
    ]
    return _card(-1, "input", "Input", f"at most {MAX_LAYERS} layers", controls)


def _layer_cards(counted: Count, selected: int | None) -> list[_Card]:
    cards = []
    for place, layer in enumerate(counted.architecture.layers):
        row = counted.rows[place] if place < len(counted.rows) else None
        misfits = counted.misfit is not None and counted.misfit.number == place + 1
        # Behind a misfit the input is not known; in front of it and at it, it is.
        shape = row.input_shape if row else counted.output_shape if misfits else ()
        facts = f"{'×'.join(map(str, row.output_shape))} · {row.parameters:,}" if row else "?"
        card = _card(
            place,
            type(layer).__name__,
            f"{layer.torch_class(shape or counted.output_shape)}-{place + 1}",
            facts,
            _controls(layer, shape),
            compact=_compact_text(layer),
        )
        message = counted.misfit.message if misfits and counted.misfit else ""
        cards.append(card | {"selected": selected == place + 1, "error": message, "waits": not row and not misfits})
    return cards


def _card(place: int, kind: str, name: str, facts: str, controls: list[_Card], compact: str = "") -> _Card:
    empty = {"selected": False, "error": "", "waits": False}
    return empty | {
        "place": place,
        "kind": kind,
        "name": name,
        "facts": facts,
        "controls": controls,
        "compact": compact,
    }


def _controls(layer: Layer, input_shape: Shape) -> list[_Card]:
    """Return one control per field of the layer. Each ends where the layer stops fitting its input."""
    bounds, limits, labels, ends = layer.bounds(input_shape), layer.limits(), layer.labels(), layer.slider_ends()
    controls = []
    for name, label in labels.items():
        value, choices = getattr(layer, name), layer.choices(name, input_shape)
        if choices:
            controls.append(_choice(name, label, value, choices))
        elif isinstance(value, bool):
            controls.append({"field": name, "label": label, "type": "toggle", "value": value, "compact": True})
        elif name in ends:
            controls.append(_slider(name, bounds[name], value, ends[name]))
        else:
            controls.append(_number(name, bounds[name], limits[name], value, compact=True))
    return controls


def _slider(name: str, bounds: Limit, value: int, common: int) -> _Card:
    """Return a slider that ends at the largest common value unless the network already exceeds it. The number beside
    it goes on to the bound."""
    shown = replace(bounds, highest=min(bounds.highest, max(common, value)))
    return _number(name, shown, bounds, value, compact=False) | {"type": "slider", "step": bounds.step}


def _number(name: str, shown: Limit, limit: Limit, value: float, compact: bool) -> _Card:
    return {
        "field": name,
        "label": shown.label.removeprefix("input "),
        "type": "number",
        "value": value,
        "lowest": shown.lowest,
        "highest": shown.highest,
        "limit": limit.highest,
        "step": 1,
        "compact": compact,
    }


def _choice(name: str, label: str, value: object, choices: dict[Any, str]) -> _Card:
    return {
        "field": name,
        "label": label,
        "type": "choice",
        "value": value,
        "options": list(choices.items()),
        "numeric": isinstance(value, int),
        "compact": True,
    }


def _compact_text(layer: Layer) -> str:
    """Return the values of the controls that are folded away, such as "stride 4 · padding 2 · no bias"."""
    values = [
        (label, getattr(layer, name)) for name, label in layer.labels().items() if name not in layer.slider_ends()
    ]
    return " · ".join(
        f"no {label}" if value is False else label if value is True else f"{label} {value}" for label, value in values
    )


# What the browser reports. It can report anything: `editing` refuses what makes no sense, and what has not even the
# form of a report is passed over.


def _report(name: str, *parts: str) -> list[Any] | None:
    """The named parts of the browser's report, or None if it has another form."""
    report = getattr(st.session_state[KEY], name, None)
    if not isinstance(report, dict) or not isinstance(report.get("place"), int) or not set(parts) <= set(report):
        return None
    return [report[part] for part in parts]


def _edited() -> None:
    report = _report("edit", "place", "field", "value")
    if report is None:
        return
    place, field, value = report
    if place == -1:
        axis = {"0": 0, "1": 1, "2": 2}.get(str(field), -1)
        work.move_control(lambda network: editing.set_input(network, axis, _whole(value)))
    else:
        work.move_control(lambda network: editing.set_field(network, place, str(field), _whole(value)))


def _settled() -> None:
    work.settle()
    st.rerun()


def _acted() -> None:
    report = _report("action", "place", "kind")
    if report is None:
        return
    place, kind = report
    match kind:
        case "select":
            work.toggle_mark(place + 1)
        case "remove":
            work.change_to(lambda network: editing.remove(network, place))
        case "up" | "down" as way:
            work.change_to(lambda network: editing.move(network, place, -1 if way == "up" else 1))
        case "add":
            word = str(st.session_state[KEY].action.get("word"))
            work.change_to(lambda network: editing.insert(network, place, word))
    st.rerun()


def _whole(value: Any) -> Any:
    """JavaScript has one kind of number: 3.0 arrives for 3."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
