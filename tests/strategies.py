"""Hypothesis strategies: networks that fit, of every kind of layer, drawn layer by layer."""

from hypothesis import strategies as st

from hw5core.network.activations import ACTIVATIONS
from hw5core.network.architecture import (
    Activate,
    Architecture,
    AvgPool,
    BatchNorm,
    Conv,
    Dropout,
    Flatten,
    Layer,
    Linear,
    MaxPool,
    Shape,
)
from hw5core.network.counting import count


@st.composite
def architectures(draw: st.DrawFn, most_layers: int = 8) -> Architecture:
    """Small networks in which every layer fits its input."""
    channels, height, width = (draw(st.integers(1, highest)) for highest in (6, 40, 40))
    architecture = Architecture((channels, height, width))
    for _ in range(draw(st.integers(0, most_layers))):
        layer = draw(_layers(count(architecture).output_shape))
        grown = Architecture(architecture.input_shape, (*architecture.layers, layer))
        if count(grown).misfit is None:
            architecture = grown
    return architecture


def _layers(shape: Shape) -> st.SearchStrategy[Layer]:
    anywhere = st.one_of(
        st.builds(Activate, st.sampled_from(sorted(ACTIVATIONS))),
        st.builds(Dropout, st.integers(0, 10_000).map(lambda tenthousandths: tenthousandths / 10_000)),
        st.just(BatchNorm()),
    )
    if len(shape) == 1:
        return st.one_of(anywhere, st.builds(Linear, st.integers(1, 30), st.booleans()))
    return st.one_of(anywhere, st.just(Flatten()), _convolutions(shape[0]), _pools())


@st.composite
def _convolutions(draw: st.DrawFn, in_channels: int) -> Conv:
    groups = draw(st.sampled_from([divisor for divisor in range(1, in_channels + 1) if in_channels % divisor == 0]))
    return Conv(
        out_channels=groups * draw(st.integers(1, 6)),
        kernel_size=draw(st.integers(1, 7)),
        stride=draw(st.integers(1, 4)),
        padding=draw(st.integers(0, 4)),
        dilation=draw(st.integers(1, 3)),
        groups=groups,
        bias=draw(st.booleans()),
    )


@st.composite
def _pools(draw: st.DrawFn) -> MaxPool | AvgPool:
    kernel_size = draw(st.integers(1, 5))
    kind = draw(st.sampled_from([MaxPool, AvgPool]))
    return kind(kernel_size, draw(st.integers(1, 4)), draw(st.integers(0, kernel_size // 2)))
