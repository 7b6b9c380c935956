"""`python -m benchmarks [name ...]`: run all measurements, or those named, and print one table.

The same goes into build/bench.json, with the machine, the versions and the date.
"""

import importlib
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.measurement import Measurement

MODULES = ("step", "race", "counting", "edit", "memory", "first_page", "viewers")
RESULT = Path(__file__).parents[1] / "build" / "bench.json"


def main(chosen: list[str]) -> None:
    unknown = set(chosen) - set(MODULES)
    if unknown:
        raise SystemExit(f"there is no measurement {', '.join(unknown)}; there are {', '.join(MODULES)}")
    found: list[Measurement] = []
    for name in chosen or MODULES:
        print(f"measuring {name} …", file=sys.stderr)
        found += importlib.import_module(f"benchmarks.{name}").measure()
    report.write(found, RESULT)
    print(report.table(found))
    print(f"\nAlso in {RESULT.relative_to(Path.cwd()) if RESULT.is_relative_to(Path.cwd()) else RESULT}")


if __name__ == "__main__":
    main(sys.argv[1:])
