"""Records: what a worker reports of a run while it trains, as small frozen values.

`training.loop.train` yields records, a worker sends them, the store keeps them, and histories are made from them. Each
record has a `position`: the number of its batch. A run that continues from a checkpoint after `step` batches replaces
its RunStarted and the records with positions from `step` on.
"""

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

EARLY_STEPS = (10, 100, 1_000)
"""After so many batches of its first epoch, a run takes a checkpoint that is kept: most is learnt early."""

MAX_EARLY_BYTES = 4 * 1024**2
"""The most bytes of numbers in such a checkpoint. A network with more weights has its epochs only."""


@dataclass(frozen=True)
class RunStarted:
    """The first record of a run, and of each attempt that continues from a checkpoint, then with `first_step` above 0.

    The hashes (SHA-256, 16 digits) show whether two runs share initial weights, split and batch order.
    `commonest_share` is the percentage of the most common class in the test images. `versions` holds the environment of
    the training: the versions of python, torch and numpy, the processor, the kernels and the number of threads.
    """

    first_step: int
    commonest_share: float
    weights_hash: str
    split_hash: str
    order_hash: str
    versions: dict[str, str]
    data_note: str = ""

    @property
    def position(self) -> int:
        return -1


@dataclass(frozen=True)
class BatchLosses:
    """The training losses (cross-entropy, nats) of consecutive batches, the first with the number `first_step`.

    `losses` holds the mean of each batch. `examples` holds the losses of the images, and `predictions` the classes that
    the network predicted before the step, both in the order of training, batch after batch. `seconds` is the training
    time at the end of the last batch, including evaluation. All batches are from one epoch.
    """

    first_step: int
    losses: tuple[float, ...]
    examples: tuple[float, ...] = ()
    predictions: tuple[int, ...] = ()
    seconds: float | None = None

    @property
    def position(self) -> int:
        return self.first_step


class Outputs(NamedTuple):
    """The outputs of an activation in one batch, over all images and units, and its slopes.

    `mean` and `deviation` (standard deviation) are those of the outputs, and `zeros` is the share (0 to 1) of outputs
    that are exactly 0. `rms_slope` is the root of the mean squared derivative.
    """

    mean: float
    deviation: float
    zeros: float
    rms_slope: float


@dataclass(frozen=True)
class LayerStatistics:
    """Statistics of the layers in batch number `step`, by layer names in torchsummary's style ("Conv2d-1").

    `weight_norms` and `gradient_norms` are Euclidean norms: of the weights before the step, and of their gradients.
    `saturated` is the share of an activation's units (0 to 1) through which almost no gradient passes: their derivative
    is below `training.measuring.SATURATED_SLOPE`. For ReLU, these are the units with the output 0.

    Runs of earlier versions lack the others. `outputs` are those of activations. `update_ratios` are decimal logarithms
    of std(learning rate · gradient) / std(weights), None if one of them is 0. Weights are without biases.
    """

    step: int
    weight_norms: dict[str, float]
    gradient_norms: dict[str, float]
    saturated: dict[str, float]
    outputs: dict[str, Outputs] = field(default_factory=dict)
    update_ratios: dict[str, float | None] = field(default_factory=dict)

    @property
    def position(self) -> int:
        return self.step


def update_ratio(update: float, weights: float) -> float | None:
    """Return the decimal logarithm of the size of rate · gradient divided by that of the weights.

    Momentum is not part of it. Return None if one of them is 0 or not finite.
    """
    ratio = update / weights if weights else math.nan
    return math.log10(ratio) if 0 < ratio < math.inf else None


def statistics_of(values: dict[str, Any]) -> LayerStatistics:
    """Return the statistics with these values, in which a list may stand for Outputs, as in JSON."""
    outputs = {name: Outputs(*numbers) for name, numbers in values.get("outputs", {}).items()}
    return LayerStatistics(**{**values, "outputs": outputs})


@dataclass(frozen=True)
class LayerReport:
    """The statistics of all batches that were measured since the last report. They are of the same layers."""

    batches: tuple[LayerStatistics, ...]

    @property
    def position(self) -> int:
        return self.batches[0].step


def layer_number(name: str) -> int:
    """Return the number of a layer in its network, from its name in torchsummary's style: 4 for "Conv2d-4"."""
    return int(name.rpartition("-")[2])


@dataclass(frozen=True)
class MeasuredLayer:
    """The measurements of one layer in one batch, by its name in torchsummary's style.

    `output_shape` is that of one image. `output_mean` and `output_size` are the means of the outputs and of their
    absolute values. `saturated` is the share of an activation's units as in LayerStatistics. The norms are Euclidean:
    of the weights before the step, of their gradient, and of the update. They are None for a layer without weights.
    """

    name: str
    output_shape: tuple[int, ...]
    output_mean: float
    output_size: float
    saturated: float | None = None
    weight_norm: float | None = None
    gradient_norm: float | None = None
    update_norm: float | None = None


@dataclass(frozen=True)
class MeasuredStep:
    """The measurements of batch number `step`, which was trained as a single step of a paused run.

    `layers` is in the order of the forward pass. `probabilities` holds, for the first few images, the probability that
    the network gave each class before the step.
    """

    step: int
    layers: tuple[MeasuredLayer, ...]
    probabilities: tuple[tuple[float, ...], ...]

    @property
    def position(self) -> int:
        return self.step


@dataclass(frozen=True)
class EpochResult:
    """The result of an epoch, counted from 0.

    Accuracies are in percent, the loss is in nats. `seconds` is the time of the training steps, `evaluation_seconds`
    that of the two passes over the validation and test images. `last_step` is the number of the epoch's last batch.
    """

    epoch: int
    last_step: int
    validation_loss: float
    validation_accuracy: float
    test_accuracy: float
    seconds: float
    evaluation_seconds: float

    @property
    def position(self) -> int:
        return self.last_step


@dataclass(frozen=True)
class Checkpoint:
    """Everything needed to continue a run after `step` batches.

    `state` holds weights and optimiser in torch's weights-only format. `seconds` and `epoch_seconds` are the training
    times so far of the run and of the current epoch. No generator state is needed: everything random follows from the
    seeds and the position. `epoch` is the epoch that ends at the checkpoint, or None in the middle of one.
    """

    step: int
    seconds: float
    epoch_seconds: float
    state: bytes
    epoch: int | None = None

    @property
    def position(self) -> int:
        return self.step - 1


@dataclass(frozen=True)
class RunFinished:
    """The last record of a finished run, after `steps` batches and `seconds`, including evaluation."""

    steps: int
    seconds: float

    @property
    def position(self) -> int:
        return self.steps


Record = (
    RunStarted | BatchLosses | LayerStatistics | LayerReport | MeasuredStep | EpochResult | Checkpoint | RunFinished
)

_KINDS: dict[str, type[Record]] = {
    kind.__name__: kind
    for kind in (
        RunStarted,
        BatchLosses,
        LayerStatistics,  # of earlier versions
        LayerReport,
        MeasuredStep,
        EpochResult,
        Checkpoint,
        RunFinished,
    )
}

_OF_IMAGES = ("examples", "predictions")
"""The fields of BatchLosses about single images."""


class EncodedRecord(NamedTuple):
    """A record as a worker sends it and the store keeps it: encoded once, and decoded only by its readers.

    `body` and `images` are JSON in which numbers may be NaN or infinite. `images` is the part of BatchLosses about
    single images, which most readers do not need. `state` is the state of a checkpoint. Both are empty otherwise.
    """

    kind: str
    position: int
    body: str
    state: bytes = b""
    images: str = ""

    def is_a(self, kind: type[Record]) -> bool:
        """Return True if this is a record of the class `kind`."""
        return self.kind == kind.__name__


def encode(record: Record) -> EncodedRecord:
    """Encode a record. `decode` returns an equal one."""
    values = _values(record)
    state = values.pop("state", b"")
    images = {name: values.pop(name) for name in _OF_IMAGES if name in values}
    encoded_images = json.dumps(images) if any(images.values()) else ""
    return EncodedRecord(type(record).__name__, record.position, json.dumps(values), state, encoded_images)


def _values(record: Record) -> dict[str, Any]:
    """Return the fields of a record by name."""
    # asdict would copy the thousand numbers of a record one by one, and only MeasuredStep needs it.
    match record:
        case MeasuredStep():
            return asdict(record)
        case LayerReport():
            return _columns(record)
        case RunStarted() | BatchLosses() | LayerStatistics() | EpochResult() | Checkpoint() | RunFinished():
            return dict(vars(record))


def decode(kind: str, body: str | bytes, state: bytes = b"", images: str | bytes = b"") -> Record:
    """Decode a record from the fields of an EncodedRecord. Raise KeyError, TypeError or ValueError if it is none.

    Without its `images`, a record of BatchLosses has neither losses nor predictions of single images.
    """
    record_class, values = _KINDS[kind], json.loads(body)
    if record_class is BatchLosses:
        values |= json.loads(images) if images else {}
        values |= {name: tuple(values.get(name, ())) for name in ("losses", *_OF_IMAGES)}
    if record_class is LayerStatistics:
        return statistics_of(values)
    if record_class is LayerReport:
        return _report(values)
    if record_class is MeasuredStep:
        values["layers"] = tuple(_measured_layer(layer) for layer in values["layers"])
        values["probabilities"] = tuple(map(tuple, values["probabilities"]))
    if record_class is Checkpoint:
        values["state"] = state
    return record_class(**values)


def _measured_layer(values: dict[str, Any]) -> MeasuredLayer:
    return MeasuredLayer(**{**values, "output_shape": tuple(values["output_shape"])})


_BY_LAYER = ("weight_norms", "gradient_norms", "saturated", "update_ratios")


def _columns(report: LayerReport) -> dict[str, Any]:
    """Return a report with one list per quantity and layer, so that names are written once."""
    first = report.batches[0]
    quantities = {
        quantity: {name: [getattr(one, quantity)[name] for one in report.batches] for name in names}
        for quantity in _BY_LAYER
        if (names := getattr(first, quantity))
    }
    outputs = {name: [one.outputs[name] for one in report.batches] for name in first.outputs}
    return {"steps": [one.step for one in report.batches], **quantities, "outputs": outputs}


def _report(columns: dict[str, Any]) -> LayerReport:
    """Return the report with these columns."""
    batches = (
        LayerStatistics(
            step,
            outputs={name: Outputs(*numbers[place]) for name, numbers in columns["outputs"].items()},
            **{
                quantity: {name: numbers[place] for name, numbers in columns.get(quantity, {}).items()}
                for quantity in _BY_LAYER
            },
        )
        for place, step in enumerate(columns["steps"])
    )
    return LayerReport(tuple(batches))
