import json
from pathlib import Path

from benchmarks import report
from benchmarks.measurement import Promise, in_turn, measured, milliseconds, ratio_over


def test_a_figure_is_the_median_and_its_spread_and_knows_whether_its_promise_is_kept():
    figure = milliseconds("a step", [0.001 * value for value in range(1, 12)], Promise(5))
    assert (figure.value, figure.low, figure.high, figure.times) == (6, 2, 10, 11)
    assert figure.kept is False
    assert measured("a rate", [6], "a second", Promise(6, least=True)).kept is True
    assert measured("a rate", [6], "a second").kept is None


def test_a_ratio_is_taken_round_by_round():
    ratio = ratio_over([2, 20, 200], "peer", [1, 10, 50], Promise(4))
    assert (ratio.value, ratio.low, ratio.high, ratio.kept) == (2, 2, 4, True)


def test_works_take_turns():
    said: list[str] = []
    works = {name: lambda name=name: float(len(said.append(name) or said)) for name in ("ours", "peer")}
    assert in_turn(works, 2) == {"ours": [1, 3], "peer": [2, 4]}
    assert said == ["ours", "peer", "ours", "peer"]


def test_the_report_names_what_was_not_kept_and_is_json(tmp_path: Path):
    ratio = ratio_over([3], "an empty app", [1], Promise(1.5))
    figure = measured("cold start", [3], "s", Promise(4), ratio, note="first page")
    own, compared = (line.rstrip() for line in report.table([figure]).splitlines()[1:])
    assert own.startswith("cold start (first page)")
    assert own.endswith("yes")
    assert "an empty app" in compared
    assert compared.endswith("NO")
    report.write([figure], tmp_path / "build" / "bench.json")
    read = json.loads((tmp_path / "build" / "bench.json").read_text())
    assert read["measurements"][0]["ratio"]["kept"] is False
    assert {"date", "machine", "versions"} < set(read)
