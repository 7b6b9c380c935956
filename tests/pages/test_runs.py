"""The page of all runs without a browser: the table, the search, the comparison, names and deletion."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.runs.config import RunConfig, race
from hw5core.runs.records import BatchLosses, EpochResult, RunFinished, RunStarted
from hw5core.store.store import RunStore
from tests.pages.conftest import button

BASE = RunConfig(epochs=1, network="1x28x28 flatten linear16 relu linear10")
FASTER = replace(BASE, learning_rate=0.05)
NASTY = "<script>alert(1)</script> **bold** [x](http://example.com) :red[y]"


@pytest.fixture
def runs() -> RunStore:
    """Return a store with two finished races. "me" owns both runs of the first and one run of the second."""
    store = RunStore(home.store_folder())
    for accuracy, config in enumerate([*race(BASE), *race(FASTER)], start=90):
        store.claim(config, owner="me" if config.learning_rate < 0.05 or config.activation == "relu" else "you")
        for record in (
            RunStarted(0, 11.0, "weights", "split", "order", {"torch": "2"}),
            BatchLosses(0, (2.3,) * config.total_steps),
            EpochResult(0, config.total_steps - 1, 0.5, 90.0, accuracy, 1.0, 0.1),
            RunFinished(config.total_steps, 1.5),
        ):
            store.add(config.run_id, record)
    return store


def test_an_empty_list_says_where_to_start(open_page: Callable[..., AppTest]) -> None:
    app = open_page("runs")
    assert not app.exception
    assert "No run on this server yet" in app.info[0].value


def test_the_table_shows_every_run_with_the_settings_that_differ(
    open_page: Callable[..., AppTest], runs: RunStore
) -> None:
    app = open_page("runs")
    assert not app.exception
    table = app.dataframe[0].value
    assert table["run"].tolist() == ["sigmoid", "ReLU"] * 2
    assert table["learning rate"].tolist() == ["0.05", "0.05", "0.005", "0.005"]
    assert "seed" not in table
    assert table["test accuracy"].tolist() == [93.0, 92.0, 91.0, 90.0]
    assert [list(values) for values in table["accuracy per epoch"]] == [[93.0], [92.0], [91.0], [90.0]]
    assert table["batches at ln 10"].tolist() == [200] * 4
    assert table["seconds"].tolist() == [1.5] * 4
    app.text_input(key="search").set_value("rate 0.05 sigmoid").run()
    assert app.dataframe[0].value["test accuracy"].tolist() == [93.0]
    assert "1 of 4 runs" in " ".join(caption.value for caption in app.caption)


def test_a_link_opens_the_comparison_and_so_do_old_links(open_page: Callable[..., AppTest], runs: RunStore) -> None:
    new = open_page("runs", compare=[config.run_id for config in (BASE, FASTER, *race(BASE))])
    old = open_page("runs", pair=[BASE.race_key, FASTER.run_id])
    for app in (new, old):
        assert not app.exception
        assert len(app.get("vega_lite_chart")) == 2
        words = " ".join(one.proto.body for one in app.get("html"))
        assert "ReLU, learning rate 0.05: 92.00" in words
        assert "sigmoid, learning rate 0.005: 91.00" in words
    wrong = open_page("runs", search="<b>", compare=["?", "0" * 16])
    assert not wrong.exception
    assert "not on this server" in wrong.warning[0].value
    assert not wrong.dataframe


def test_only_an_owner_renames_and_deletes_and_a_name_is_never_markup(
    open_page: Callable[..., AppTest], runs: RunStore
) -> None:
    ids = [config.run_id for config in race(FASTER)]
    stranger = open_page("runs", owner="nobody", compare=ids)
    assert not [one for one in stranger.button if one.label in ("Save name", "Delete this run for everyone")]
    app = open_page("runs", owner="me", compare=ids)
    next(one for one in app.text_input if one.label == "Name").set_value(NASTY)
    button(app, "Save name").click().run()
    assert not app.exception
    assert {run.name for run, _ in runs.newest(9)} == {NASTY[:60], ""}
    assert "<script" not in " ".join(one.proto.body for one in app.get("html"))
    button(app, "Delete this run for everyone").click().run()
    button(app, "Delete").click().run()
    assert not app.exception
    left = {config.run_id for config in (*race(BASE), replace(FASTER, activation="sigmoid"))}
    assert {run.run_id for run, _ in runs.newest(9)} == left
    button(app, "Undo the deletion").click().run()
    assert len(runs.newest(9)) == 4
