"""Run all benchmarks, or those named in `python -m benchmarks [name ...]`, and print one table.

The figures are also written to build/bench.json, with the machine, the versions and the date.
"""

import importlib
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.measurement import Measurement
from hw5core.errors import LabError
from tools.live import LiveError

MODULES = ("sheet", "why", "step", "evaluation", "race", "counting", "edit", "memory", "first_page", "hall", "viewers")
RESULT = Path(__file__).parents[1] / "build" / "bench.json"


def main(chosen: list[str]) -> None:
    unknown = set(chosen) - set(MODULES)
    if unknown:
        raise SystemExit(f"unknown benchmarks: {', '.join(sorted(unknown))}. Choose from {', '.join(MODULES)}")
    measurements: list[Measurement] = []
    for name in chosen or MODULES:
        print(f"measuring {name} …", file=sys.stderr)
        try:
            measurements += importlib.import_module(f"benchmarks.{name}").measure()
        except (LabError, LiveError) as error:  # no browser, or no MNIST
            print(f"  skipped: {name} ({error})", file=sys.stderr)
    report.write(measurements, RESULT)
    print(report.table(measurements))
    print(f"\nAlso in {RESULT.relative_to(Path.cwd()) if RESULT.is_relative_to(Path.cwd()) else RESULT}")


if __name__ == "__main__":
    main(sys.argv[1:])
