"""Records survive the wire and the store unchanged."""

import json

import pytest

from hw5core.runs.records import (
    BatchLosses,
    EpochResult,
    MeasuredLayer,
    MeasuredStep,
    Record,
    RunFinished,
    decode,
    encode,
)


@pytest.mark.parametrize(
    "record",
    [
        BatchLosses(7, (2.302585092994046, 0.1, 1e-300)),
        MeasuredStep(7, (MeasuredLayer("Conv2d-1", (16, 28, 28), -0.1, 0.4, None, 2.3, 0.1, 1e-9),), ((0.25, 0.75),)),
        EpochResult(0, 215, 2.3, 10.5, 97.37856984138489, 1.25, 0.5),
        RunFinished(216, 3.0),
    ],
)
def test_a_record_comes_back_equal(record: Record) -> None:
    assert decode(json.loads(json.dumps(encode(record)))) == record
