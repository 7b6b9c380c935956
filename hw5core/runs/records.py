"""What a run tells while it trains: small frozen records, and their plain form for the wire and the store.

`training.train` yields them, a worker sends them, the store keeps them, charts are drawn from them. No torch.
Each has a `position`, the number of the batch it comes with: a run that goes on from a checkpoint after `step` batches
replaces its RunStarted and the records with positions from `step` on.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class RunStarted:
    """First record of a run, and again of each attempt that goes on from a checkpoint, then with `first_step` above 0.

    The hashes (SHA-256, 16 digits) let two runs show that they share first weights, split and batch order;
    `commonest_share` is the percentage of the test images that the commonest digit makes up; `versions` says what
    computes: python, torch, numpy, and the machine with the instruction set that torch uses on it."""

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
    """Training losses (cross-entropy, nats) of consecutive batches; the first is number `first_step`, from 0.

    `losses` holds each batch's mean; `examples` the losses of their images in the order of training, batch after batch:
    the config's batch size of them each, the rest in an epoch's last; `predictions` the classes that the network gave
    them before the step, in the same order. `seconds` is how long the run had trained after the last of the batches,
    evaluation included. A record never reaches into the next epoch.
    """

    first_step: int
    losses: tuple[float, ...]
    examples: tuple[float, ...] = ()
    predictions: tuple[int, ...] = ()
    seconds: float | None = None

    @property
    def position(self) -> int:
        return self.first_step


@dataclass(frozen=True)
class LayerStatistics:
    """How the layers fared in batch number `step`, by their names as torchsummary prints them ("Conv2d-1").

    `weight_norms` and `gradient_norms` are the Euclidean norms of the weights before the step, and of the loss's
    gradient in them. `saturated` is, per activation, the share of units (0 to 1) whose derivative lies under
    `training.SATURATED_SLOPE`: they pass back next to nothing. For ReLU these are the units that put out 0.
    """

    step: int
    weight_norms: dict[str, float]
    gradient_norms: dict[str, float]
    saturated: dict[str, float]

    @property
    def position(self) -> int:
        return self.step


@dataclass(frozen=True)
class MeasuredLayer:
    """What one layer, by its name as torchsummary prints it, did in one batch. `output_shape` is one image's;
    `output_mean` and `output_size` are the means of its outputs and of their absolute values. `saturated` is an
    activation's share of units as in LayerStatistics. The norms are Euclidean: of the layer's weights before the step,
    of the loss's gradient in them, and of what the step takes off them; None for a layer without weights."""

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
    """Batch number `step` taken apart, when a paused run was moved on by this batch alone: its layers in the order of
    the forward pass, and per image, of the first few, the probability that the network gave each class before it
    learnt from them."""

    step: int
    layers: tuple[MeasuredLayer, ...]
    probabilities: tuple[tuple[float, ...], ...]

    @property
    def position(self) -> int:
        return self.step


@dataclass(frozen=True)
class EpochResult:
    """What an epoch, numbered from 0, ended with. Accuracies in percent, loss in nats, times in seconds: `seconds` of
    training steps alone, `evaluation_seconds` of the two passes over the validation and test images. `last_step` is the
    number of the epoch's last batch."""

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
    """All that is needed to go on after `step` batches: weights and optimiser in torch's weights-only format, and the
    seconds of training so far, in the whole run and in the epoch that has begun. No generator's state: all that is
    random follows from the seeds and the position. `epoch` is the epoch it ends, or None in the middle of one."""

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
    """Last record of a run that reached its last epoch, after `steps` batches and `seconds`, evaluation included."""

    steps: int
    seconds: float

    @property
    def position(self) -> int:
        return self.steps


Record = RunStarted | BatchLosses | LayerStatistics | MeasuredStep | EpochResult | Checkpoint | RunFinished

_KINDS: dict[str, type[Record]] = {
    kind.__name__: kind
    for kind in (RunStarted, BatchLosses, LayerStatistics, MeasuredStep, EpochResult, Checkpoint, RunFinished)
}


class EncodedRecord(NamedTuple):
    """A record as a worker sends it and the store keeps it: encoded once, and decoded only by its readers.

    `body` is JSON in which numbers may be NaN or infinite. `state` is the state of a checkpoint, and empty otherwise.
    """

    kind: str
    position: int
    body: str
    state: bytes = b""

    def is_a(self, kind: type[Record]) -> bool:
        """Return True if this is a record of the class `kind`."""
        return self.kind == kind.__name__


def encode(record: Record) -> EncodedRecord:
    """Encode a record. `decode` returns an equal one."""
    # asdict would copy the thousand numbers of a record one by one, and only MeasuredStep needs it.
    values = asdict(record) if isinstance(record, MeasuredStep) else dict(vars(record))
    state = values.pop("state", b"")
    return EncodedRecord(type(record).__name__, record.position, json.dumps(values), state)


def decode(kind: str, body: str, state: bytes = b"") -> Record:
    """Decode a record from the fields of an EncodedRecord. Raise KeyError, TypeError or ValueError if it is none."""
    record_class, values = _KINDS[kind], json.loads(body)
    if record_class is BatchLosses:
        values |= {name: tuple(values.get(name, ())) for name in ("losses", "examples", "predictions")}
    if record_class is MeasuredStep:
        values["layers"] = tuple(_measured_layer(layer) for layer in values["layers"])
        values["probabilities"] = tuple(map(tuple, values["probabilities"]))
    if record_class is Checkpoint:
        values["state"] = state
    return record_class(**values)


def _measured_layer(values: dict[str, Any]) -> MeasuredLayer:
    return MeasuredLayer(**{**values, "output_shape": tuple(values["output_shape"])})
