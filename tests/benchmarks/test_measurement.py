"""The figures that benchmarks report: median, spread, targets, ratios to peers, and the written report."""

import json
from pathlib import Path

from benchmarks import report
from benchmarks.measurement import Target, alternate, measured, milliseconds, ratio_over


def test_a_figure_has_its_median_its_spread_and_whether_it_meets_its_target() -> None:
    figure = milliseconds("a step", [0.001 * value for value in range(1, 12)], Target(5))
    assert (figure.value, figure.low, figure.high, figure.samples) == (6, 2, 10, 11)
    assert figure.met is False
    assert measured("a rate", [6], "a second", Target(6, least=True)).met is True
    assert measured("a rate", [6], "a second").met is None


def test_a_ratio_is_taken_round_by_round() -> None:
    ratio = ratio_over([2, 20, 200], "peer", [1, 10, 50], Target(4))
    assert (ratio.value, ratio.low, ratio.high, ratio.met) == (2, 2, 4, True)


def test_tasks_alternate() -> None:
    calls: list[str] = []
    tasks = {name: lambda name=name: float(len(calls.append(name) or calls)) for name in ("ours", "peer")}
    assert alternate(tasks, 2) == {"ours": [1, 3], "peer": [2, 4]}
    assert calls == ["ours", "peer", "ours", "peer"]


def test_the_report_shows_missed_targets_and_is_json(tmp_path: Path) -> None:
    ratio = ratio_over([3], "an empty app", [1], Target(1.5))
    figure = measured("cold start", [3], "s", Target(4), ratio, note="first page")
    own, compared = (line.rstrip() for line in report.table([figure]).splitlines()[1:])
    assert own.startswith("cold start (first page)")
    assert own.endswith("yes")
    assert "an empty app" in compared
    assert compared.endswith("NO")
    report.write([figure], tmp_path / "build" / "bench.json")
    written = json.loads((tmp_path / "build" / "bench.json").read_text())
    assert written["measurements"][0]["ratio"]["met"] is False
    assert {"date", "machine", "versions"} < set(written)
