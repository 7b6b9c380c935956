"""The sweep page without a browser: a sweep from the button to its end, and messages for invalid settings."""

import math
import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses, EpochResult, RunFinished, RunStarted
from hw5core.store.store import RunStore
from tests.networks import SLOW
from tests.pages.conftest import rerun_until

SMALL = "1x28x28 flatten linear16 relu linear10"
TINY = {"epochs-digits": "1", "network": SMALL, "seeds": "2"}


def _cells(app: AppTest) -> list[str]:
    """Return the texts of the cells in the grid of runs, row by row."""
    (grid,) = (html.proto.body for html in app.get("html") if 'class="hw5-grid"' in html.proto.body)
    return [re.sub("<[^>]*>", "", cell) for cell in re.findall("<td>(.*?)</td>", grid)]


def _labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_before_the_start_the_page_shows_the_size_of_the_sweep(open_page: Callable[..., AppTest]) -> None:
    app = open_page("sweep")
    assert not app.exception
    assert "2 activations × 1 learning rate × 3 seeds = **6 runs** of 6,480 batches" in app.markdown[1].value
    assert _cells(app) == ["–"] * 6
    assert _labels(app) == ["Start the sweep"]
    assert len(app.get("vega_lite_chart")) == 3
    assert "n = 3 seeds" in " ".join(caption.value for caption in app.caption)
    assert "The 6 remaining runs take about" in " ".join(caption.value for caption in app.caption)


def test_runs_in_the_store_are_shown_and_not_trained_again(open_page: Callable[..., AppTest]) -> None:
    store, config = RunStore(home.store_folder()), RunConfig(epochs=1, network=SMALL, seed=1, learning_rate=0.05)
    store.claim(config, owner="somebody")
    for record in (
        RunStarted(0, 11.1, "weights", "split", "order", {}),
        BatchLosses(0, (2.3,) * config.total_steps),
        EpochResult(0, config.total_steps - 1, 0.5, 90.0, 91.23, 1.0, 0.1),
        RunFinished(config.total_steps, 1.5),
    ):
        store.add(config.run_id, record)
    app = open_page("sweep", **TINY, **{"learning-rates": "0.005, 0.05"})
    assert _cells(app) == ["–", "–", "–", "91.23 %", "–", "–", "–", "–"]
    table = app.dataframe[0].value
    assert table["seeds"].tolist() == ["0 of 2", "1 of 2", "0 of 2", "0 of 2"]
    assert table["test accuracy"].tolist()[1] == 91.23
    assert _labels(app) == ["Resume"]


def test_a_seed_that_diverged_is_named_with_its_batch(open_page: Callable[..., AppTest]) -> None:
    store, config = RunStore(home.store_folder()), RunConfig(epochs=1, network=SMALL, learning_rate=0.05)
    store.claim(config, owner="somebody")
    for record in (
        BatchLosses(0, (2.3,) * 50 + (math.nan,) * (config.total_steps - 50)),
        EpochResult(0, config.total_steps - 1, math.nan, 10.0, 10.86, 1.0, 0.1),
        RunFinished(config.total_steps, 1.5),
    ):
        store.add(config.run_id, record)
    app = open_page("sweep", **TINY)
    assert _cells(app)[0] == "10.86 % diverged"
    captions = " ".join(caption.value for caption in app.caption)
    assert "ReLU at 0.05: 1 of 2 seeds diverged, the first at batch 50." in captions
    assert "the mean loss of 100 batches is below ln 10 − 0.1" in captions


def test_the_button_runs_the_sweep_to_its_end_and_every_visitor_sees_it(open_page: Callable[..., AppTest]) -> None:
    app = open_page("sweep", owner="me", **TINY)
    app.button[0].click().run()
    rerun_until(app, lambda app: app.success)
    assert "Finished. Results below" in app.success[0].value
    assert all(re.fullmatch(r"\d+\.\d\d %", cell) for cell in _cells(app))
    store = RunStore(home.store_folder())
    accuracies = {(run.config.activation, run.config.seed): end.test_accuracy for run, end in store.newest(9) if end}
    table = app.dataframe[0].value.set_index("activation")
    assert table["seeds"].tolist() == ["2 of 2"] * 2
    for name, label in (("relu", "ReLU"), ("sigmoid", "sigmoid")):
        both = [accuracies[name, seed] for seed in (0, 1)]
        assert table.loc[label, ["lowest", "highest"]].tolist() == sorted(both)
        assert table.loc[label, "test accuracy"] == pytest.approx(sum(both) / 2)
    other = open_page("sweep", **TINY)
    assert _cells(other) == _cells(app)
    assert other.success


def test_the_owner_pauses_and_continues_a_sweep_while_others_watch(open_page: Callable[..., AppTest]) -> None:
    query = {"epochs-digits": "200", "network": SLOW}  # no run ends during the test
    mine = open_page("sweep", owner="me", **query)
    mine.button[0].click().run()
    assert "The sweep is running" in _labels(mine)
    rerun_until(mine, lambda app: any(cell.startswith("at ") for cell in _cells(app)))
    rerun_until(mine, lambda app: re.search(r"0 of 6 runs are finished, about \d+ (s|min) left at the current speed",
                                            " ".join(html.proto.body for html in app.get("html"))))  # fmt: skip
    yours = open_page("sweep", owner="you", **query)
    assert _labels(yours) == ["The sweep is running"]
    assert _labels(mine) == ["The sweep is running", "Pause", "Stop"]
    next(button for button in mine.button if button.label == "Pause").click().run()
    assert not mine.exception
    assert "Paused. Anyone may resume it 5 minutes" in mine.info[0].value
    assert sorted({cell.split()[0] for cell in _cells(mine)}) == ["paused", "–"]
    next(button for button in mine.button if button.label == "Resume").click().run()
    rerun_until(mine, lambda app: "planned" in _cells(app) and any(cell.startswith("at ") for cell in _cells(app)))
    next(button for button in mine.button if button.label == "Stop").click().run()
    assert "The sweep is running" not in _labels(mine)
    assert "planned" not in _cells(mine)


def test_invalid_settings_show_a_message(open_page: Callable[..., AppTest]) -> None:
    app = open_page("sweep", **{"learning-rates": "fast"})

    def message(key: str, value: str) -> str:
        app.text_input(key=key).set_value(value).run()
        assert not app.exception
        return app.error[0].value if app.error else ""

    assert "numbers separated by commas" in app.error[0].value
    assert "must be from 1e-06 to 10, not 99" in message("learning-rates-digits", "0.1, 99")
    assert "learning rate must be from" in message("learning-rates-digits", "nan")
    assert "at most 6 learning rates" in message("learning-rates-digits", "1 2 3 4 5 6 7")
    assert message("learning-rates-digits", "0.1; 0.2 0.3") == ""
    assert "word 1" in message("network", "<script>")
    assert message("network", SMALL) == ""
    app.multiselect(key="activations").set_value(["relu", "tanh", "elu"])
    app.number_input(key="seeds").set_value(30).run()
    assert "are 270 runs" in app.error[0].value
    app.number_input(key="seeds").set_value(3)
    # These are the highest seeds.
    app.number_input(key="seed").set_value(2**31 - 1).run()
    assert not app.error
    (grid,) = (html.proto.body for html in app.get("html") if 'class="hw5-grid"' in html.proto.body)
    assert re.findall(r"seed (\d+)", grid) == [str(2**31 - 3), str(2**31 - 2), str(2**31 - 1)]


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("", []),
        ("Is 0.05 too fast?", ["Is 0.05 too fast?"]),
        ("  two \n lines", ["two lines"]),
        ("x" * 999, ["x" * 60]),
    ],
)
def test_a_link_gives_the_sweep_its_name(open_page: Callable[..., AppTest], name: str, heading: list[str]) -> None:
    app = open_page("sweep", **{"sweep-name": name})
    assert not app.exception
    assert [shown.value for shown in app.subheader] == heading
