"""Text alternatives of charts: the last values, or that there are none yet."""

import math

import numpy as np
import pandas as pd
import pytest

from hw5core.charts.words import (
    bands_in_words,
    gradient_caption,
    guess_line_in_words,
    guesses_in_words,
    losses_in_words,
    probabilities_in_words,
    shares_in_words,
    validation_losses_in_words,
)
from hw5core.charts.words import test_accuracies_in_words as accuracies_in_words
from hw5core.data.datasets import DATASETS
from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.runs.records import EpochResult, MeasuredLayer, MeasuredStep
from hw5core.runs.run import Run, Status


def _history(config: RunConfig, losses: list[float], results: list[tuple[float, float]]) -> RunHistory:
    run = Run(config.run_id, config, Status.RUNNING, "", 1, created=0.0, changed=0.0, server="")
    epochs = [
        EpochResult(epoch, 215, validation_loss, 80.0, accuracy, 1.0, 0.1)
        for epoch, (validation_loss, accuracy) in enumerate(results)
    ]
    return RunHistory(run, losses=np.array(losses), epochs=epochs)


def test_the_words_have_the_last_values_of_each_network() -> None:
    relu, sigmoid = race(RunConfig())
    runs = [
        _history(relu, [2.0] * 500 + [0.5] * 100, [(0.9, 90.0), (0.25, 98.42)]),
        _history(sigmoid, [2.3] * 600, [(2.3, 11.4)]),
    ]
    assert accuracies_in_words(runs) == "ReLU 98.4 % after epoch 1, sigmoid 11.4 % after epoch 0."
    assert validation_losses_in_words(runs) == "ReLU 0.250 after epoch 1, sigmoid 2.300 after epoch 0."
    assert guess_line_in_words(runs) == "A line marks ln 10 = 2.303: a uniform guess."
    assert losses_in_words(runs).startswith(
        "ReLU 0.50, mean of the last 100 of 600 batches; sigmoid 2.30, mean of the last 100 of 600 batches."
    )


def test_the_words_say_that_a_network_diverged() -> None:
    (relu,) = race(RunConfig(), ["relu"])
    run = _history(relu, [2.0] * 5 + [math.nan] * 300, [(math.nan, 9.9)])
    assert losses_in_words([run]).startswith("ReLU diverged at batch 5. ")
    assert validation_losses_in_words([run]) == "ReLU not a finite number after epoch 0."


def test_without_results_the_words_say_so() -> None:
    waiting = [_history(config, [], []) for config in race(RunConfig())]
    assert losses_in_words(waiting) == "No batch has been trained yet."
    assert accuracies_in_words(waiting) == validation_losses_in_words([]) == "No epoch has finished yet."


def test_the_guesses_are_listed_with_the_result() -> None:
    assert guesses_in_words([10, -20, 40], 7.25) == "3 guesses, from -20 to +40, mean +10. Result +7.2 points."
    assert guesses_in_words([10], 7.25) == "1 guess, mean +10. Result +7.2 points."


def test_each_image_has_the_probability_of_its_correct_class() -> None:
    words = probabilities_in_words([[0.25, 0.5, 0.25], [0.1, 0.1, 0.8]], [1, 0], DATASETS["mnist"])
    assert words.endswith("a 1 with 0.50, a 0 with 0.10")


def test_the_layer_with_most_of_each_measure_is_named() -> None:
    words = shares_in_words(count(PRESETS["homework"].architecture))
    assert words.startswith(
        "parameters: most in Conv2d-7, 35%; MACs: most in Conv2d-7, 45%; output values: most in Conv2d-5"
    )
    assert "parameters: none" in shares_in_words(count(parse("1x4x4 relu")))
    assert shares_in_words(count(parse("1x4x4 conv1k9"))) == "There are no layers."


def test_a_band_is_described_with_its_number_of_seeds() -> None:
    columns = ["series", "n", "of", "loss", "loss_lowest", "loss_highest"]
    rows = [("ReLU", 3, 3, 2.0, 1.9, 2.1), ("ReLU", 2, 3, 0.5, 0.4, 0.6), ("ReLU", 3, 3, None, None, None)]
    bands = pd.DataFrame(rows, columns=columns)
    assert bands_in_words(bands, "loss") == (
        "ReLU 0.50, from 0.40 to 0.60, over 2 of 3 seeds, later not a finite number."
    )
    assert bands_in_words(bands[:2], "loss") == "ReLU 0.50, from 0.40 to 0.60, over 2 of 3 seeds."
    assert bands_in_words(bands[2:], "loss") == "ReLU not a finite number."
    assert bands_in_words(bands[:0], "loss") == "No batch has been trained yet."


@pytest.mark.parametrize(
    ("first", "last", "caption"),
    [
        (0.002, 1.6, "ReLU: the first layer's gradient is 800 times smaller than the last layer's."),
        (0.3, 0.2, "ReLU: the first layer's gradient is 1.5 times larger than the last layer's."),
        (0.0, 0.2, ""),
        (math.nan, 0.2, ""),
    ],
)
def test_the_first_and_the_last_gradient_are_compared_in_numbers(first: float, last: float, caption: str) -> None:
    layers = [MeasuredLayer(name, (1,), 0, 0, None, 1.0, norm, 1.0) for name, norm in (("a", first), ("b", last))]
    measured = MeasuredStep(0, (layers[0], MeasuredLayer("ReLU-2", (1,), 0, 0, 0.5), layers[1]), ())
    assert gradient_caption("ReLU", measured) == caption
