"""The memory of a training process: it does not grow from epoch to epoch."""

import json
import subprocess
import sys

import pytest

_CODE = """
import json
import numpy as np
import psutil
from hw5core.runs.config import RunConfig
from hw5core.training.backprop import Backprop
from hw5core.training.environment import use_one_thread
from hw5core.training.evaluation import evaluate
from hw5core.training.modules import initial_network

use_one_thread()
config = RunConfig(dataset="mnist")
backprop = Backprop(initial_network(config.architecture, 0, config.initialisation), config.learning_rate)
random = np.random.default_rng(0)
images = random.integers(0, 256, (10_000, 28, 28), dtype=np.uint8)
labels = random.integers(0, 10, 10_000)
used = [psutil.Process().memory_info().rss / 2**20]
for _ in range(4):
    evaluate(backprop, images, labels, "mnist")
    used.append(psutil.Process().memory_info().rss / 2**20)
print(json.dumps(used))
"""


@pytest.mark.slow
def test_evaluations_use_the_same_memory_again() -> None:
    printed = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True).stdout
    before, *after = json.loads(printed)
    assert max(after) - before < 60, "MiB"
