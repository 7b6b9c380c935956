"""The memory of the server and its workers while both networks train on MNIST.

The figure is the proportional set size, which counts shared memory once. Small hosts give an app 690 MB. It exists only
on Linux (smaps_rollup). `python -m benchmarks.memory FOLDER DATASET` is the server that is measured.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.measurement import Measurement, Target, measured
from hw5core.data.datasets import is_available
from hw5core.engine.engine import Engine
from hw5core.runs.config import RunConfig, race
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore

LIMIT_MIB = 658  # 690 MB
SECONDS = 20
"""Time over which memory is sampled once per second, while both networks train. The highest sample counts."""


def measure() -> list[Measurement]:
    """Measure the highest total, with the memory of each process in a note."""
    dataset = "mnist" if is_available("mnist") else "digits"
    highest = _highest(dataset)
    processes = ", ".join(f"{name} {mib:.0f}" for name, mib in highest.items())
    what = f"memory of server and workers, both networks training on {dataset}"
    return [measured(what, [sum(highest.values())], "MiB", Target(LIMIT_MIB), note=processes)]


def _highest(dataset: str) -> dict[str, float]:
    """Return the MiB of each process in the sample with the highest total."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.memory", folder, dataset]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            assert server.stdout.readline() == "training\n"
            samples = []
            for _ in range(SECONDS):
                samples.append(_mib_by_process(server.pid))
                time.sleep(1)
        finally:
            server.communicate("\n")
    return max(samples, key=lambda sample: sum(sample.values()))


def _mib_by_process(server: int) -> dict[str, float]:
    others = psutil.Process(server).children(recursive=True)
    named = {"server": server} | {f"process {number}": child.pid for number, child in enumerate(others, start=1)}
    return {name: _pss_mib(pid) for name, pid in named.items()}


def _pss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no proportional set size")


def _serve(folder: str, dataset: str) -> None:
    """Load what the app's server loads, train a long race, and report on standard output once both networks train."""
    import hw5core.charts.race  # noqa: F401
    import pages.parts.shared.server  # noqa: F401
    from pages.parts.shared.streamlit_internals import load_server

    load_server()

    store = RunStore(Path(folder))
    engine = Engine(store)
    configs = race(RunConfig(dataset=dataset, epochs=200))
    engine.start(configs)
    followers = [Follower(store, config.run_id) for config in configs]
    while not all((history := follower.read()) and len(history.losses) for follower in followers):
        time.sleep(0.1)
    print("training", flush=True)
    sys.stdin.readline()
    engine.close()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
