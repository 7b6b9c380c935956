"""Records are equal after they were encoded and decoded, and an update is compared with its weights."""

import math

import pytest

from hw5core.runs.records import (
    BatchLosses,
    Checkpoint,
    EpochResult,
    LayerReport,
    LayerStatistics,
    MeasuredLayer,
    MeasuredStep,
    Outputs,
    Record,
    RunFinished,
    RunStarted,
    decode,
    encode,
    update_ratio,
)


@pytest.mark.parametrize(
    "record",
    [
        BatchLosses(7, (2.302585092994046, 0.1, 1e-300)),
        BatchLosses(7, (2.302585092994046, 0.1), (0.1 + 0.2, 1e-300), (7, 1), 0.25),
        MeasuredStep(7, (MeasuredLayer("Conv2d-1", (16, 28, 28), -0.1, 0.4, None, 2.3, 0.1, 1e-9),), ((0.25, 0.75),)),
        EpochResult(0, 215, 2.3, 10.5, 97.37856984138489, 1.25, 0.5),
        RunFinished(216, 3.0),
        RunStarted(0, 11.0, "weights", "split", "order", {"torch": "2"}, "note"),
        LayerStatistics(0, {"Conv2d-1": 1.5}, {"Conv2d-1": 0.1}, {"ReLU-2": 0.5}),
        LayerStatistics(0, {"Conv2d-1": 1.5}, {}, {}, {"ReLU-2": Outputs(0.5, 0.25, 0.5, 1.0)}, {"Conv2d-1": -3.5}),
        LayerReport(
            (
                LayerStatistics(
                    4, {"A-1": 1.5}, {"A-1": 0.1}, {"R-2": 0.5}, {"R-2": Outputs(1, 2, 3, 4)}, {"A-1": -3.5}
                ),
                LayerStatistics(
                    8, {"A-1": 1.6}, {"A-1": 0.2}, {"R-2": 0.6}, {"R-2": Outputs(5, 6, 7, 8)}, {"A-1": -2.5}
                ),
            )
        ),
        LayerReport((LayerStatistics(4, {}, {}, {}),)),
        Checkpoint(216, 3.0, 0.5, b"\x00state", 0),
    ],
)
def test_a_decoded_record_equals_the_original(record: Record) -> None:
    encoded = encode(record)
    assert decode(encoded.kind, encoded.body, encoded.state, encoded.images) == record
    assert encoded.position == record.position
    assert encoded.is_a(type(record))


def test_an_update_of_a_thousandth_is_minus_three() -> None:
    assert update_ratio(0.002, 2.0) == -3.0


@pytest.mark.parametrize("number", [0.0, math.inf, math.nan])
def test_an_update_of_dead_or_diverged_weights_has_no_ratio(number: float) -> None:
    assert update_ratio(number, 1.0) is update_ratio(1.0, number) is update_ratio(number, number) is None
