"""What happens in each layer of a network in one batch: figures of the outputs, the gradients and the next update.

`training/layer_figures.py` measures them, on a worker.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Connections:
    """The weights of a layer and what they connect.

    `fan_in` is the number of weights per output value, and `fan_out` the mean number of output values that an input
    value reaches. `mean_square` is the mean of the squared weights: their variance, if their mean is 0.
    """

    fan_in: int
    fan_out: float
    mean_square: float


@dataclass(frozen=True)
class LayerFigures:
    """The figures of one layer in one batch, over all images and units. `name` is in torchsummary's style.

    `mean` and `deviation` (standard deviation) are those of the outputs, and `zeros` is the share (0 to 1) of outputs
    that are exactly 0. `delta_square` is the mean of δ², where δ is the derivative of the loss with respect to an
    output.

    Only an activation has the next three. `saturated` is the share of units as in LayerStatistics. `rms_slope` is the
    root of the mean squared slope f'(z). `reached_slope_square` is the mean of f'(z)² over the units whose δ is not 0,
    or None if all are 0: max pooling passes a gradient only to some units.

    Only a layer with weights has the others, for its weights without biases. `gradient_norm` is Euclidean.
    `update_ratio` is the decimal logarithm of std(learning rate · gradient) / std(weights), or None if one of them is
    0. A layer whose weights are drawn has `connections`.
    """

    name: str
    mean: float
    deviation: float
    zeros: float
    delta_square: float
    saturated: float | None = None
    rms_slope: float | None = None
    reached_slope_square: float | None = None
    gradient_norm: float | None = None
    update_ratio: float | None = None
    connections: Connections | None = None


@dataclass(frozen=True)
class BatchFigures:
    """The figures of the layers for the images of batch number `step`, in the order of the forward pass.

    `loss` is the mean cross-entropy (nats). `trained` is the number of batches that the weights had been trained with.
    """

    step: int
    trained: int
    loss: float
    layers: tuple[LayerFigures, ...]

    @property
    def weighted(self) -> tuple[LayerFigures, ...]:
        """The layers with weights."""
        return tuple(layer for layer in self.layers if layer.gradient_norm is not None)
