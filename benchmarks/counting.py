"""The time to count a network without a page: in closed form, and by PyTorch on the meta device."""

import time
from collections.abc import Callable

from benchmarks.measurement import Measurement, milliseconds
from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from hw5core.training.module_report import module_report

_GIANT = "3x4096x4096 conv1000000k512s512nobias conv1000000k8 flatten linear1000000"
_TIMES = 30


def measure() -> list[Measurement]:
    """Measure the homework's AlexNet, VGG-16, and a network of 65 trillion parameters."""
    networks = {"homework": PRESETS["homework"].text, "VGG-16": PRESETS["vgg-16"].text, "65 trillion": _GIANT}
    module_report(_GIANT)  # the first call loads torch
    closed = [
        milliseconds(f"{name}: closed form", _timed(lambda text=text: count(parse(text))))
        for name, text in networks.items()
    ]
    module = [
        milliseconds(f"{name}: real module, torchinfo and torchsummary", _timed(lambda text=text: module_report(text)))
        for name, text in networks.items()
    ]
    return closed + module


def _timed(work: Callable[[], object]) -> list[float]:
    """Return the seconds of each call."""
    durations = []
    for _ in range(_TIMES):
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return durations
