"""The report of all figures: one table for people, and one JSON file for programs."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.measurement import Measurement, Ratio, Target

_PACKAGES = ("streamlit", "torch", "numpy", "distributed", "altair", "pandas", "pyarrow")
_HEADINGS = ("what", "median", "10 % to 90 %", "samples", "target", "met")


def table(measurements: Sequence[Measurement]) -> str:
    """Return a table with one line per figure, and one more per ratio."""
    rows = [_HEADINGS, *(row for measurement in measurements for row in _rows(measurement))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def write(measurements: Sequence[Measurement], path: Path) -> None:
    """Write the figures as JSON, with the date, the machine and the versions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "measurements": [_plain(measurement) for measurement in measurements],
    }
    path.write_text(json.dumps(report, indent=1) + "\n")


def _rows(one: Measurement) -> list[tuple[str, ...]]:
    note = f" ({one.note})" if one.note else ""
    value, spread = f"{_number(one.value)} {one.unit}", f"{_number(one.low)} to {_number(one.high)}"
    own = (one.what + note, value, spread, str(one.samples), _target(one.target, one.unit), _met(one.met))
    return [own, *([_ratio_row(one.ratio)] if one.ratio else [])]


def _ratio_row(ratio: Ratio) -> tuple[str, ...]:
    spread = f"{_number(ratio.low)} to {_number(ratio.high)}"
    target = _target(ratio.target, "times")
    return (f"  … over {ratio.peer}", f"{_number(ratio.value)} times", spread, "", target, _met(ratio.met))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _target(target: Target | None, unit: str) -> str:
    return f"at {'least' if target.least else 'most'} {_number(target.bound)} {unit}" if target else ""


def _met(met: bool | None) -> str:
    return "" if met is None else "yes" if met else "NO"


def _plain(one: Measurement) -> dict[str, Any]:
    ratio = {**asdict(one.ratio), "met": one.ratio.met} if one.ratio else None
    return {**asdict(one), "met": one.met, "ratio": ratio}


def _machine() -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"system": f"{platform.system()} {platform.machine()}", "processor": _processor(), "cores": cores}


def _processor() -> str:
    """Return the processor's name from /proc/cpuinfo on Linux, or Python's name for it elsewhere."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
