"""`python -m benchmarks [name ...]`: run all measurements, or those named, and print one table."""

import importlib
import sys

from benchmarks.measurement import Measurement

MODULES = ("counting", "edit", "memory")


def main(chosen: list[str]) -> None:
    unknown = set(chosen) - set(MODULES)
    if unknown:
        raise SystemExit(f"there is no measurement {', '.join(unknown)}; there are {', '.join(MODULES)}")
    found: list[Measurement] = []
    for name in chosen or MODULES:
        print(f"measuring {name} …", file=sys.stderr)
        found += importlib.import_module(f"benchmarks.{name}").measure()
    width = max(len(measurement.what) for measurement in found)
    for measurement in found:
        promised = f"   (promised: {measurement.promised})" if measurement.promised else ""
        print(f"{measurement.what:<{width}}   {measurement.value}{promised}")


if __name__ == "__main__":
    main(sys.argv[1:])
