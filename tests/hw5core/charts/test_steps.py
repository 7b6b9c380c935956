"""The charts of a single step."""

from hw5core.charts.series import series_of
from hw5core.charts.steps import gradients_chart, gradients_table, probabilities_chart, probabilities_table
from hw5core.data.datasets import DATASETS
from hw5core.network.activations import ACTIVATIONS
from hw5core.runs.config import RunConfig, race
from hw5core.runs.history import RunHistory
from hw5core.runs.records import MeasuredLayer, MeasuredStep
from hw5core.runs.run import Run, Status

MEASURED = MeasuredStep(
    4,
    (
        MeasuredLayer("Conv2d-1", (16, 28, 28), 0.1, 0.2, None, 2.0, 0.01, 1e-4),
        MeasuredLayer("ReLU-2", (16, 28, 28), 0.1, 0.2, 0.5),
        MeasuredLayer("Linear-3", (10,), 0.1, 0.2, None, 1.0, 0.5, 5e-3),
    ),
    ((0.9, 0.1), (0.3, 0.7)),
)


def _histories() -> list[RunHistory]:
    return [RunHistory(Run(one.run_id, one, Status.PAUSED, "", 1), measured=MEASURED) for one in race(RunConfig())]


def test_only_layers_with_weights_have_a_gradient_in_the_order_of_the_network() -> None:
    table = gradients_table(_histories())
    assert table["layer"].tolist() == ["Conv2d-1", "Linear-3"] * 2
    assert table["series"].tolist() == ["ReLU"] * 2 + ["sigmoid"] * 2
    assert (table["update"] / table["gradient"]).round(6).tolist() == [0.01] * 4


def test_gradients_have_a_logarithmic_scale_and_differ_by_dash_too() -> None:
    chart = gradients_chart(series_of(race(RunConfig())))
    encoding = chart["layer"][0]["encoding"]
    assert encoding["y"]["scale"]["type"] == "log"
    assert encoding["color"]["scale"]["range"] == ["#0072B2", "#D55E00"]
    assert len({str(dash) for dash in encoding["strokeDash"]["scale"]["range"]}) == 2
    assert "data" not in chart


def test_every_image_has_a_row_and_its_correct_class_a_frame() -> None:
    table = probabilities_table(MEASURED, [0, 1], DATASETS["mnist"])
    assert table["image"].unique().tolist() == ["1: a 0", "2: a 1"]
    clothes = probabilities_table(MEASURED, [0, 1], DATASETS["fashion"])
    assert clothes["image"].unique().tolist() == ["1: T-shirt", "2: trousers"]
    assert table.loc[table["class"] == table["label"], "probability"].tolist() == [0.9, 0.7]
    chart = probabilities_chart(ACTIVATIONS["sigmoid"].colour, 2)
    frame = chart["layer"][1]["encoding"]["strokeWidth"]
    assert frame == {"condition": {"test": "datum.class === datum.label", "value": 3}, "value": 0}
    assert probabilities_chart(ACTIVATIONS["sigmoid"].colour, 5)["height"] > chart["height"]
