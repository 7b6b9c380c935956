"""What a browser sends as a file of weights: it becomes a network, or a message."""

import base64
import tracemalloc
from dataclasses import replace

import pytest
from streamlit import config

from hw5core.errors import WeightsError
from hw5core.runs import recorded, recorded_weights
from hw5core.runs.config import RunConfig
from hw5core.runs.weights import Weights, to_bytes
from hw5core.training.tensors import tensors_of
from pages.parts.inside.weights_file import MAX_BYTES, about, in_words, weights_in
from pages.parts.shared.sent_bytes import most_bytes
from tests.hw5core.runs import test_weights

RELU = recorded.RACE[0]
CONTENT = recorded_weights.path_of(RELU, 4).read_bytes()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_an_exported_file_is_read_with_its_architecture_and_receipt() -> None:
    weights = weights_in(_text(CONTENT))
    assert (weights.config, weights.epoch) == (RELU, 4)
    assert "ReLU after epoch 4 of run `6ce7e4242f4fd458` on mnist" in in_words(weights)
    assert "98.39 % of the test images" in in_words(weights)
    assert f"{RELU.network}\n21,840 parameters\n" in about(weights)
    for known in ("e3fa2fcad1f47274", "2.13.0+cpu", '"test_accuracy": 98.39'):
        assert known in about(weights)


def test_a_long_receipt_is_shown_in_part() -> None:
    weights = weights_in(_text(CONTENT))
    long = replace(weights, receipt=weights.receipt | {"data_note": "x" * 500_000})
    assert len(about(long)) < 5_000
    assert "the rest is in the file" in about(long)


# The shape of a tensor is compared with the network where the network is built: on a worker.
FOR_A_WORKER = {"a wrong shape", "overlapping tensors"}


@pytest.mark.parametrize("name", sorted(test_weights.HOSTILE.keys() - FOR_A_WORKER))
def test_a_hostile_file_gets_a_message_with_little_memory(name: str) -> None:
    sent = _text(test_weights.HOSTILE[name])
    tracemalloc.start()
    with pytest.raises(WeightsError, match=r"^(The|This) .{20,}"):
        weights_in(sent)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        *((one, "incomplete") for one in (None, True, 7, [], {}, "x", "é" * 30, "=" * 9, _text(CONTENT)[:-3])),
        ("A" * 40_000_000, "too large"),
        (_text(bytes(MAX_BYTES + 3)), "too large"),
    ],
)
def test_everything_else_gets_a_message(sent: object, message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        weights_in(sent)


def test_a_small_file_of_a_network_with_huge_layers_is_refused() -> None:
    config = RunConfig(network=f"1x28x28 conv200k1 {'relu ' * 90}maxpool28 flatten linear10")
    receipt = weights_in(_text(CONTENT)).receipt
    plain = receipt | {"config": receipt["config"] | {"network": config.network}}
    content = to_bytes(Weights(config, 0, tensors_of(config, None), plain))
    assert len(content) < 30_000
    with pytest.raises(WeightsError, match="14,269,210 output values"):
        weights_in(_text(content))


def test_a_message_to_the_server_has_space_for_the_file() -> None:
    assert most_bytes(MAX_BYTES) == MAX_BYTES
    assert most_bytes(10**9) * 4 / 3 < 25_000_000


def test_a_server_that_takes_small_messages_takes_small_files() -> None:
    usual = config.get_option("server.maxWidgetStateSize")
    config.set_option("server.maxWidgetStateSize", 1)
    try:
        assert most_bytes(MAX_BYTES) == 700_000
        with pytest.raises(WeightsError, match="too large"):
            weights_in(_text(bytes(700_003)))
    finally:
        config.set_option("server.maxWidgetStateSize", usual)
