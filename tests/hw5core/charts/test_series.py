"""The series of a chart: labels, colours, dashes and their order."""

from hw5core.charts.series import series_of
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import Normalisation, fork

PARENT = RunConfig(activation="sigmoid", epochs=9)


def test_a_race_has_a_series_per_activation_in_their_fixed_order() -> None:
    series = series_of(reversed(race(RunConfig(), ACTIVATIONS)))
    assert [one.label for one in series] == [spec.label for spec in ACTIVATIONS.values()]
    assert [one.colour for one in series] == [spec.colour for spec in ACTIVATIONS.values()]
    assert [one.dash for one in series] == [spec.dash for spec in ACTIVATIONS.values()]


def test_runs_with_the_same_label_share_a_series() -> None:
    assert len(series_of([RunConfig(seed=seed) for seed in range(3)])) == 1


def test_each_fork_has_its_own_label_and_dash_and_the_colour_of_its_activation() -> None:
    deeper = fork(PARENT, 4, "relu", 0.05)
    for configs in (
        (PARENT, *(fork(PARENT, epoch, "relu", rate) for epoch in (0, 4) for rate in (0.005, 0.0050000001))),
        (deeper, fork(deeper, 5, "relu", 0.05, Normalisation.INSERTED), fork(deeper, 5, "tanh", 0.05, epochs=12)),
    ):
        series = series_of(configs)
        assert [one.label for one in series] == [config.label for config in configs]
        assert [one.colour for one in series] == [config.spec.colour for config in configs]
        assert len({one.dash for one in series}) == len(configs)


def test_a_forks_short_label_has_no_details() -> None:
    _, one = series_of((PARENT, fork(PARENT, 4, "relu", 0.05)))
    assert (one.label, one.short_label) == ("fork, ReLU, after epoch 4, rate 0.05", "fork, ReLU")
