"""Draws a network as SVG: one block per shape, from left to right.

Heights are to scale. Thickness is the logarithm of the channels, because 3 and 512 would not fit one picture otherwise.
Layers that keep the shape (activations, dropout) are not drawn.
"""

from dataclasses import dataclass
from math import log2

from hw5core.network.base_layer import Shape
from hw5core.network.counting import Count

TALLEST = 150
"""The longest side of any map in the picture, in pixels."""

_FLAT_HEIGHT = 12  # pixels per doubling of the features of a flat layer
_THICKNESS = 5  # pixels per doubling of the channels
_SLANT = 0.3  # the share of a map's width that the oblique view shows
_GAP = 26
_BASELINE = 235
_HEIGHT = 290
_DIGIT_WIDTH = 7.2  # an upper bound for one character of the labels
_COLOURS = {"input": "#7F7F7F", "weights": "#009E73", "none": "#56B4E9"}
_SELECTED = "#D55E00"


@dataclass(frozen=True)
class _Stage:
    """One block of the picture: its label, its shape, and the number of its layer (0 for the input)."""

    number: int
    label: str
    shape: Shape
    colour: str


def drawing(counted: Count, selected: int | None = None, ink: str = "inherit") -> str:
    """Return the picture as one SVG element, as wide as necessary.

    `selected` is the number of a layer to mark. Text and edges have the colour of the surrounding page, or `ink`.
    """
    stages = _stages(counted)
    scale = TALLEST / max(max(stage.shape[1:]) for stage in stages if len(stage.shape) == 3)
    x, blocks = 10.0, []
    for stage in stages:
        width = _block_width(stage, scale)
        column = max(width, _DIGIT_WIDTH * max(len(stage.label), len(_text(stage.shape))))
        blocks.append(_block(stage, x, column, scale, stage.number == selected))
        x += column + _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {x:.0f} {_HEIGHT}" width="{x:.0f}" height="{_HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="currentColor" color="{ink}" role="img">'
        f"<title>{counted.architecture}</title>{''.join(blocks)}</svg>"
    )


def _stages(counted: Count) -> list[_Stage]:
    stages = [_Stage(0, "input", counted.architecture.input_shape, _COLOURS["input"])]
    for row in counted.rows:
        if row.layer.drawn_label:
            colour = _COLOURS["weights" if row.parameters else "none"]
            stages.append(_Stage(row.number, row.layer.drawn_label, row.output_shape, colour))
    return stages


def _thickness(shape: Shape) -> float:
    return 3 + _THICKNESS * log2(shape[0] + 1) if len(shape) == 3 else 12


def _block_width(stage: _Stage, scale: float) -> float:
    slant = _SLANT * scale * stage.shape[2] if len(stage.shape) == 3 else 0
    return _thickness(stage.shape) + slant


def _block(stage: _Stage, x: float, column: float, scale: float, selected: bool) -> str:
    """Return the block in the middle of its column, with its label above and its shape below."""
    middle = x + column / 2
    left = middle - _block_width(stage, scale) / 2
    stroke = f'stroke="{_SELECTED}" stroke-width="3"' if selected else 'stroke="currentColor" stroke-width="1"'
    faces, top = _box(stage, left, scale) if len(stage.shape) == 3 else _bar(stage, left)
    paths = "".join(f'<path d="{path}" fill-opacity="{opacity}"/>' for path, opacity in faces)
    return (
        f'<g data-layer="{stage.number}"><g fill="{stage.colour}" {stroke} stroke-linejoin="round">{paths}</g>'
        f'<text x="{middle:.1f}" y="{top - 8:.1f}" text-anchor="middle">{stage.label}</text>'
        f'<text x="{middle:.1f}" y="{_BASELINE + 20}" text-anchor="middle" font-weight="bold">'
        f"{_text(stage.shape)}</text></g>"
    )


def _box(stage: _Stage, left: float, scale: float) -> tuple[list[tuple[str, float]], float]:
    """Return the front, top and side faces in oblique view, each with its opacity, and the y of the upper edge."""
    thick = _thickness(stage.shape)
    height = max(2.0, scale * stage.shape[1])
    slant = _SLANT * scale * stage.shape[2]
    rise = slant * 0.6
    right, top = left + thick, _BASELINE - height
    front = f"M{left:.1f} {_BASELINE}H{right:.1f}V{top:.1f}H{left:.1f}Z"
    lid = f"M{left:.1f} {top:.1f}l{slant:.1f} {-rise:.1f}h{thick:.1f}L{right:.1f} {top:.1f}Z"
    side = f"M{right:.1f} {_BASELINE}l{slant:.1f} {-rise:.1f}v{-height:.1f}L{right:.1f} {top:.1f}Z"
    return [(front, 0.75), (lid, 0.35), (side, 0.55)], top - rise


def _bar(stage: _Stage, left: float) -> tuple[list[tuple[str, float]], float]:
    top = _BASELINE - min(TALLEST, 4 + _FLAT_HEIGHT * log2(stage.shape[0] + 1))
    return [(f"M{left:.1f} {_BASELINE}H{left + 12:.1f}V{top:.1f}H{left:.1f}Z", 0.75)], top


def _text(shape: Shape) -> str:
    return "×".join(map(str, shape))
