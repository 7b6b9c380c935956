"""What was measured as one table for people and one JSON file for programs."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.measurement import Measurement, Promise, Ratio

_PACKAGES = ("streamlit", "torch", "numpy", "distributed", "altair", "pandas", "pyarrow")
_HEADINGS = ("what", "median", "a tenth under, a tenth over", "times", "promised", "kept")


def table(found: Sequence[Measurement]) -> str:
    """One line per figure, and one more per comparison with a peer."""
    rows = [_HEADINGS, *(row for measurement in found for row in _rows(measurement))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def write(found: Sequence[Measurement], path: Path) -> None:
    """The same as JSON, with the machine, what ran on it and when."""
    path.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "measurements": [_plain(measurement) for measurement in found],
    }
    path.write_text(json.dumps(report, indent=1) + "\n")


def _rows(one: Measurement) -> list[tuple[str, ...]]:
    note = f" ({one.note})" if one.note else ""
    value, spread = f"{_number(one.value)} {one.unit}", f"{_number(one.low)} to {_number(one.high)}"
    own = (one.what + note, value, spread, str(one.times), _promised(one.promise, one.unit), _kept(one.kept))
    return [own, *([_ratio_row(one.ratio)] if one.ratio else [])]


def _ratio_row(ratio: Ratio) -> tuple[str, ...]:
    spread = f"{_number(ratio.low)} to {_number(ratio.high)}"
    promised = _promised(ratio.promise, "times")
    return (f"  … over {ratio.peer}", f"{_number(ratio.value)} times", spread, "", promised, _kept(ratio.kept))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _promised(promise: Promise | None, unit: str) -> str:
    return f"at {'least' if promise.least else 'most'} {_number(promise.bound)} {unit}" if promise else ""


def _kept(kept: bool | None) -> str:
    return "" if kept is None else "yes" if kept else "NO"


def _plain(one: Measurement) -> dict[str, Any]:
    ratio = {**asdict(one.ratio), "kept": one.ratio.kept} if one.ratio else None
    return {**asdict(one), "kept": one.kept, "ratio": ratio}


def _machine() -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"system": f"{platform.system()} {platform.machine()}", "processor": _processor(), "cores": cores}


def _processor() -> str:
    """Its name as Linux tells it, or what Python knows."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
