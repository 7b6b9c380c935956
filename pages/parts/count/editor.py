"""The list of layers with sliders that report while they are dragged (editor.js draws it; here is what it draws)."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import streamlit as st

from hw5core.network import editing
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.architecture import (
    INPUT_LIMITS,
    LIMITS,
    MAX_LAYERS,
    Activate,
    Architecture,
    Conv,
    Dropout,
    Layer,
    Limit,
    Linear,
    Shape,
)
from hw5core.network.bounds import bounds
from hw5core.network.counting import Count, fitting_groups, torch_class
from pages.parts.count import work

KEY = "layer editor"

SLIDER_ENDS = {"out_channels": 512, "out_features": 4096, "kernel_size": 15}
"""Where the sliders end unless the network already goes further; the number beside them goes on to the limit."""

_SLIDERS = {Conv: ("out_channels", "kernel_size"), Linear: ("out_features",)}
_MOST_GROUPS = 40
_NEW_LAYERS = {
    "conv64k3p1": "convolution",
    **{name: activation.label for name, activation in ACTIVATIONS.items()},
    "maxpool2": "max pooling",
    "avgpool2": "average pooling",
    "flatten": "flatten",
    "linear10": "linear",
    "bn": "batch normalisation",
    "dropout0.5": "dropout",
}
_Card = dict[str, Any]

_HERE = Path(__file__)
_component = st.components.v2.component(
    "hw5_layer_editor",
    html='<ol class="layers" aria-label="Layers"></ol><div class="adding"></div>',
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
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
        "kinds": tuple(_NEW_LAYERS.items()),
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
            f"{torch_class(layer, shape or counted.output_shape)}-{place + 1}",
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
    limits = bounds(layer, input_shape)
    sliders = _SLIDERS.get(type(layer), ())
    controls = [_slider(layer, name, limits[name]) for name in sliders]
    for name in limits:
        if name == "groups" and isinstance(layer, Conv) and len(input_shape) == 3:
            controls.append(_groups(layer, input_shape[0]))
        elif name not in sliders:
            controls.append(_number(name, limits[name], LIMITS[name], getattr(layer, name), compact=True))
    match layer:
        case Conv(bias=bias) | Linear(bias=bias):
            controls.append({"field": "bias", "label": "bias", "type": "toggle", "value": bias, "compact": True})
        case Activate(name=name):
            options = [(known, activation.label) for known, activation in ACTIVATIONS.items()]
            controls.append(_choice("name", "function", name, options, numeric=False))
        case Dropout(probability=probability):
            limit = Limit("probability", 0, 1)
            controls.append(_number("probability", limit, limit, probability, compact=True))
    return controls


def _slider(layer: Layer, name: str, limit: Limit) -> _Card:
    value: int = getattr(layer, name)
    step = layer.groups if isinstance(layer, Conv) and name == "out_channels" and value % layer.groups == 0 else 1
    end = min(limit.highest, max(SLIDER_ENDS[name], value))
    control = _number(name, Limit(limit.label, max(limit.lowest, step), end), limit, value, compact=False)
    return control | {"type": "slider", "step": step}


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


def _groups(layer: Conv, in_channels: int) -> _Card:
    """Only numbers that divide both channels can be chosen, and the present one."""
    fitting = {*fitting_groups(in_channels, layer.out_channels)[:_MOST_GROUPS], layer.groups}
    return _choice(
        "groups", "groups", layer.groups, [(number, f"{number:,}") for number in sorted(fitting)], numeric=True
    )


def _choice(name: str, label: str, value: object, options: list[tuple[Any, str]], numeric: bool) -> _Card:
    return {
        "field": name,
        "label": label,
        "type": "choice",
        "value": value,
        "options": options,
        "numeric": numeric,
        "compact": True,
    }


def _compact_text(layer: Layer) -> str:
    """What the folded controls of a convolution or a linear layer stand at."""
    sliders = _SLIDERS.get(type(layer), ())
    values = [(field.name, getattr(layer, field.name)) for field in fields(layer) if field.name not in sliders]
    return " · ".join(
        "no bias" if value is False else "bias" if value is True else f"{name} {value}" for name, value in values
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
