"""The charts of a race and their tables: no loss is hidden, colours are fixed, and there is one data source."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from hw5core.charts import race as charts
from hw5core.charts.series import series_of
from hw5core.data.datasets import DATASETS
from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import fork
from hw5core.runs.history import RunHistory
from hw5core.runs.records import EpochResult
from hw5core.runs.run import Run, Status

SERIES = series_of(race(RunConfig()))


def _history(config: RunConfig, losses: list[float]) -> RunHistory:
    run = Run(config.run_id, config, Status.RUNNING, "", 1, created=0.0, changed=0.0, server="")
    epochs = [EpochResult(0, 215, 0.5, 80.0, 81.0, 1.0, 0.1)]
    clock = [(0, 0.0), (216, 1.0), (432, 3.0), (4320, 39.0)]
    return RunHistory(run, losses=np.array(losses), epochs=epochs, clock=clock)


@pytest.fixture
def run() -> RunHistory:
    config = RunConfig(epochs=20)
    return _history(config, np.random.default_rng(0).exponential(size=config.total_steps).tolist())


def test_no_loss_is_hidden_by_the_bins(run: RunHistory) -> None:
    table = charts.training_loss_table([run]).dropna()
    assert len(table) <= charts.MAX_POINTS
    assert table.lowest.min() == min(run.losses)
    assert table.highest.max() == max(run.losses)
    width = -(-run.config.total_steps // charts.MAX_POINTS)
    assert table.loss.iloc[0] == pytest.approx(np.mean(run.losses[:width]))
    assert table.x.iloc[0] == (width - 1) / 2
    assert table.x.is_monotonic_increasing


def test_bins_stay_the_same_while_losses_arrive() -> None:
    config = RunConfig(epochs=20)
    losses = [float(step) for step in range(4320)]
    some, more = (charts.training_loss_table([_history(config, losses[:count])]).dropna() for count in (1000, 2000))
    # All bins except the last, which may be incomplete.
    assert some.x.tolist()[:-1] == more.x.tolist()[: len(some) - 1]


def test_zooming_in_shows_single_batches_and_nothing_else(run: RunHistory) -> None:
    table = charts.training_loss_table([run], zoom=(1000, 1100)).dropna()
    assert table.loss.tolist() == run.losses[1000:1100].tolist()
    assert table.batch.tolist() == list(range(1000, 1100))
    assert charts.training_loss_table([run], zoom=(9000, 9100)).dropna().empty


@pytest.mark.parametrize("zoom", [None, (10.0, 20.0)])
def test_the_wheel_is_left_to_the_page_and_a_drag_selects_what_to_zoom_to(zoom: tuple[float, float] | None) -> None:
    specification = charts.training_loss_chart(race(RunConfig()), charts.LossView(), zoom)
    (drag,) = (param for param in specification["params"] if param["name"] == "zoom")
    assert drag["select"] == {"type": "interval", "encodings": ["x"], "translate": False, "zoom": False}
    assert "bind" not in drag


@pytest.mark.parametrize(("done", "end"), [(1, 67.5), (60, 67.5), (68, 135), (2160, 2160), (2161, 4320), (4320, 4320)])
def test_the_axis_follows_a_young_run_and_then_shows_its_whole_length(done: int, end: float) -> None:
    config = RunConfig(epochs=20)
    history = _history(config, [2.3] * done)
    assert charts.axis_end([history], charts.Axis.BATCHES) == end
    assert charts.axis_end([history], charts.Axis.EPOCHS) == end / 216
    assert charts.training_loss_table([history]).x.iloc[0] == end


def test_smoothing_is_the_mean_of_the_batches_before_each_point(run: RunHistory) -> None:
    view = charts.LossView(smoothing=50)
    table = charts.training_loss_table([run], view, zoom=(0, 400)).dropna().set_index("batch")
    assert table.loss[300] == pytest.approx(np.mean(run.losses[251:301]))
    assert table.loss[3] == pytest.approx(np.mean(run.losses[:4]))
    # The band is never smoothed.
    assert table.highest[300] == run.losses[300]


@pytest.mark.parametrize(("axis", "last"), [("epochs", 4319 / 216), ("seconds", 39.0)])
def test_other_axes_show_the_same_batches(run: RunHistory, axis: str, last: float) -> None:
    by_batch = charts.training_loss_table([run]).dropna()
    other = charts.training_loss_table([run], charts.LossView(axis=charts.Axis(axis))).dropna()
    assert other.loss.tolist() == by_batch.loss.tolist()
    assert other.x.iloc[-1] == pytest.approx(last, rel=0.01)


@pytest.mark.parametrize("axis", charts.Axis)
def test_a_race_that_has_not_started_shows_no_values_on_an_axis_with_a_length(axis: charts.Axis) -> None:
    waiting = replace(_history(RunConfig(), []), clock=((0, 0.0),))
    for histories in ([], [waiting]):
        table = charts.training_loss_table(histories, charts.LossView(axis=axis))
        assert table.dropna().empty
        assert table.x.iloc[0] > 0
    assert charts.epoch_table([]).dropna().empty


def test_the_epoch_table_has_the_label_of_each_network() -> None:
    table = charts.epoch_table([_history(config, []) for config in race(RunConfig())]).dropna()
    assert table.series.tolist() == ["ReLU", "sigmoid"]
    assert table.test_accuracy.tolist() == [81.0, 81.0]


@pytest.mark.parametrize(
    "specification",
    [
        charts.training_loss_chart(race(RunConfig()), charts.LossView()),
        charts.validation_loss_chart(SERIES, 5),
        charts.test_accuracy_chart(SERIES, 5, 11.1),
    ],
)
def test_a_chart_has_fixed_colours_a_reference_line_and_no_data(specification: dict[str, object]) -> None:
    text = json.dumps(specification)
    assert '"domain": ["ReLU", "sigmoid"], "range": ["#0072B2", "#D55E00"]' in text
    assert "strokeDash" in text
    # With a second data source, Streamlit cannot replace the data of a live chart in place.
    assert "datasets" not in specification
    assert '"data"' not in text
    assert "uniform guess" in text or "most common class" in text


def test_the_loss_of_guessing_follows_from_the_number_of_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ln 10 = 2.303: a uniform guess" in json.dumps(charts.validation_loss_chart(SERIES, 5))
    monkeypatch.setitem(DATASETS, "four", replace(DATASETS["digits"], classes=4))
    configs = race(RunConfig(dataset="four", network="1x28x28 flatten relu linear4"))
    chart = json.dumps(charts.training_loss_chart(configs, charts.LossView()))
    assert "ln 4 = 1.386: a uniform guess" in chart
    assert "ln 10" not in chart


def test_an_exploding_loss_does_not_hide_the_others_on_a_linear_scale() -> None:
    run = _history(RunConfig(epochs=2), [2.3, 1e30, 128.0, 2.4])
    assert charts.training_loss_table([run]).highest.dropna().tolist() == [2.3, 128.0, 2.4]
    logarithmic = charts.training_loss_table([run], charts.LossView(logarithmic=True))
    assert logarithmic.highest.dropna().tolist() == [2.3, 1e30, 128.0, 2.4]


@pytest.mark.parametrize("batches", [2, 7, 300, 2_000])
def test_smoothing_is_right_after_a_loss_that_is_much_larger_than_all_others(batches: int) -> None:
    config = RunConfig(epochs=5)
    losses = [2.0] * 100 + [1e30] + [3.0] * 979
    view = charts.LossView(logarithmic=True, smoothing=batches)
    table = charts.training_loss_table([_history(config, losses)], view, zoom=(0, 500))
    singles = table.dropna().query("batch < 499")
    for number, loss in zip(singles.batch.astype(int), singles.loss, strict=True):
        assert loss == pytest.approx(np.mean(losses[max(0, number + 1 - batches) : number + 1]), rel=1e-9)


def test_each_batch_at_which_forks_start_is_marked_once() -> None:
    parent = RunConfig(activation="sigmoid", epochs=9)
    forks = (fork(parent, 1, "relu", 0.005), fork(parent, 1, "tanh", 0.005), fork(parent, 3, "relu", 0.005))
    marked = json.dumps(charts.training_loss_chart((parent, *forks), charts.LossView(axis=charts.Axis.EPOCHS)))
    assert re.findall(r'"x": {"datum": ([\d.]+)}', marked) == ["2.0", "2.0", "4.0"]  # the first one has a text too
    assert "forks start" in marked
    over_seconds = charts.training_loss_chart((parent, *forks), charts.LossView(axis=charts.Axis.SECONDS))
    assert "start" not in json.dumps(over_seconds)


def test_a_fork_starts_at_its_parents_epoch_in_the_charts_over_epochs() -> None:
    parent = RunConfig(activation="sigmoid", epochs=9)
    child = fork(parent, 0, "relu", 0.05)
    table = charts.epoch_table([_history(parent, []), _history(child, [])]).dropna()
    assert table[table.series == child.label].test_accuracy.tolist() == [81.0, 81.0]
    assert charts.epoch_table([_history(child, [])]).dropna().series.tolist() == [child.label]


def test_the_ends_of_two_lines_show_short_labels() -> None:
    parent = RunConfig(activation="sigmoid", epochs=9)
    series = series_of((parent, fork(parent, 3, "relu", 0.05)))
    short_labels = {"sigmoid": "sigmoid", "fork, ReLU, after epoch 3, rate 0.05": "fork, ReLU"}
    assert json.dumps(short_labels) in str(charts.test_accuracy_chart(series, 9, None))
