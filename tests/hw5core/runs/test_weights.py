"""Weights as files: they are read back as they were, other programs read them, and hostile files end in a message."""

import json
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from hw5core.errors import WeightsError
from hw5core.runs import recorded, recorded_weights
from hw5core.runs.receipts import metrics_of_receipt
from hw5core.runs.weights import MAX_BYTES, MAX_HEADER_BYTES, VERIFIED_BATCHES, from_bytes, read_weights, to_bytes

RELU = recorded.RACE[0]
PATH = recorded_weights.path_of(RELU, 4)
CONTENT = PATH.read_bytes()


def _parts(content: bytes = CONTENT) -> tuple[dict, bytes]:
    """The header and the numbers of a file."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def _with_header(header: object, numbers: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def _changed(name: str, **changes: object) -> bytes:
    """The file with another entry in its header."""
    header, numbers = _parts()
    header[name] |= changes
    return _with_header(header, numbers)


def test_weights_are_read_back_as_they_were() -> None:
    weights = read_weights(PATH)
    again = from_bytes(to_bytes(weights))
    assert to_bytes(again) == CONTENT
    assert (again.config, again.epoch, again.receipt) == (weights.config, 4, weights.receipt)
    assert again.config == RELU
    assert all((again.tensors[name] == tensor).all() for name, tensor in weights.tensors.items())
    assert sum(tensor.size for tensor in again.tensors.values()) == 21_840


def test_other_programs_read_the_file() -> None:
    tensors = load(CONTENT)
    assert tensors["0.weight"].shape == (10, 1, 5, 5)
    metadata = _parts()[0]["__metadata__"]
    assert metadata["network"] == RELU.network
    assert (metadata["dataset"], metadata["epoch"]) == ("mnist", "4")


def test_the_receipt_in_the_file_can_be_verified() -> None:
    receipt = read_weights(PATH).receipt
    names = [metric.name for metric in metrics_of_receipt(receipt)]
    assert names[0] == "training loss of batch 0"
    assert len(names) == VERIFIED_BATCHES + 2 * RELU.epochs
    assert len(json.dumps(receipt)) < 20_000


def test_the_recorded_race_has_the_weights_of_every_epoch() -> None:
    for config in recorded.RACE:
        assert recorded_weights.recorded_epochs(config) == list(range(config.epochs))
        assert recorded_weights.recorded_steps(config) == [10, 100, 1_000, 8_400, 16_800, 25_200, 33_600, 42_000]
    other = replace(RELU, seed=1)
    assert recorded_weights.recorded_epochs(other) == []
    assert recorded_weights.weights_of_recording(other, 0) is None
    assert recorded_weights.recorded_steps(other) == []
    assert recorded_weights.tensors_of_recording(other, 10) is None
    # Eight places of the slider for two networks of 22,000 weights.
    assert sum(path.stat().st_size for path in recorded_weights.FOLDER.iterdir()) < 16 * 100_000


def test_writing_the_recorded_weights_replaces_the_old_ones(tmp_path: Path) -> None:
    old, new = (recorded_weights.weights_of_recording(RELU, epoch) for epoch in (0, 1))
    recorded_weights.write([old], {RELU: {10: old.tensors}}, tmp_path)
    assert recorded_weights.early_path_of(RELU, tmp_path).is_file()
    recorded_weights.write([new], {}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [recorded_weights.path_of(RELU, 1).name]


HEADER, NUMBERS = _parts()
RECEIPT = HEADER["__metadata__"]["receipt"]
FIRST = HEADER["0.weight"]["data_offsets"]

HOSTILE = {
    "empty": b"",
    "short": b"\0" * 7,
    "a picture": b"\x89PNG\r\n\x1a\n" * 100,
    "a pickle": b"\x80\x04\x95" + b"a" * 5_000,
    "truncated in the header": CONTENT[:500],
    "truncated in the numbers": CONTENT[:-1],
    "too long": CONTENT + b"\0",
    "a false length": struct.pack("<Q", 2**63) + CONTENT[8:],
    "a length of zero": struct.pack("<Q", 0) + CONTENT[8:],
    "a length beyond the limit": struct.pack("<Q", MAX_HEADER_BYTES + 1) + b" " * (MAX_HEADER_BYTES + 1),
    "no json": struct.pack("<Q", 4) + b"{{{{",
    "no object": _with_header([1, 2], b""),
    "deep json": struct.pack("<Q", 200_000) + b"[" * 200_000,
    "no metadata": save(load(CONTENT)),
    "no receipt": save(load(CONTENT), {"network": RELU.network}),
    "a receipt that is no json": _changed("__metadata__", receipt="{"),
    "a deep receipt": _changed("__metadata__", receipt="[" * 200_000),
    "a receipt of other values": _changed("__metadata__", receipt='{"receipt": 1, "config": []}'),
    "a huge network": _changed("__metadata__", receipt=RECEIPT.replace("linear50", "linear1000000")),
    "an unknown layer": _changed("__metadata__", receipt=RECEIPT.replace("linear50", "swoosh")),
    "an epoch that is no number": _changed("__metadata__", epoch="last"),
    "an endless epoch": _changed("__metadata__", epoch="9" * 5_000),
    "an epoch that does not exist": _changed("__metadata__", epoch="5"),
    "a missing epoch": _with_header({"__metadata__": {"receipt": RECEIPT}}, b""),
    "false offsets": _changed("0.weight", data_offsets=[0, 2**40]),
    "negative offsets": _changed("0.weight", data_offsets=[-4, FIRST[1]]),
    "overlapping tensors": _changed("0.bias", data_offsets=FIRST),
    "a huge tensor": _changed("0.weight", shape=[2**31, 2**31, 5, 5]),
    "an overflow": _changed("0.weight", shape=[2**62, 4]),
    "a wrong shape": _changed("0.weight", shape=[10, 1, 5, 6]),
    "another type": save(load(CONTENT) | {"0.bias": np.zeros(10, np.float64)}, HEADER["__metadata__"]),
    "an unknown type": _changed("0.weight", dtype="O"),
    "many sides": _changed("0.weight", shape=[250] + [1] * 98),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_a_message(name: str) -> None:
    tracemalloc.start()
    with pytest.raises(WeightsError) as refused:
        from_bytes(HOSTILE[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(str(refused.value)) < 1_000
    assert peak < 60_000_000


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(WeightsError, match="larger than"):
        read_weights(path)
    with pytest.raises(WeightsError, match="cannot be read"):
        read_weights(tmp_path / "missing.safetensors")
