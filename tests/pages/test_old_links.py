"""Links with parameters that were renamed open the same view as the new ones."""

from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import Normalisation, fork
from hw5core.store.store import RunStore
from pages.parts.shared.settings import fork_query, race_query
from tools.training import train_into

NETWORK = "1x28x28 conv4k3p1 relu avgpool4 flatten linear10"
PARENT = RunConfig(network=NETWORK, activation="sigmoid", training_images=20, epochs=3)
FORK = fork(PARENT, 1, "tanh", 0.05, Normalisation.INSERTED, epochs=4)
OTHER = fork(PARENT, 0, "relu", 0.005)
RACE = race(RunConfig(network=NETWORK, training_images=50, batch_size=4, learning_rate=0.05, split_seed=3, seed=2))

OLD_RACE = {
    "dataset": "digits",
    "epochs-digits": "5",
    "seed": "2",
    "batch_size": "4",
    "learning_rate": "0.05",
    "training_images": "50",
    "split_seed": "3",
    "network-text": NETWORK,
}


def _as_query(pairs: list[tuple[str, str]]) -> dict[str, str | list[str]]:
    groups = groupby(sorted(pairs), key=itemgetter(0))
    values = {name: [value for _, value in group] for name, group in groups}
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def _view(app: AppTest) -> dict[str, Any]:
    """Everything that the user set, the page's text, and its URL."""
    assert not app.exception
    widgets = [*app.number_input, *app.selectbox, *app.text_input, *app.multiselect, *app.get("button_group")]
    values = {f"{widget.type} {widget.key}": widget.value for widget in widgets}
    return {"url": dict(app.query_params), "text": [one.value for one in app.markdown], **values}


def test_a_race_link(open_page: Callable[..., AppTest]) -> None:
    old = _view(open_page("train", **OLD_RACE))
    assert old["number_input training-images"] == 50
    assert old["number_input batch-size"] == 4
    assert old["number_input learning-rate-digits"] == 0.05
    assert old["number_input split-seed"] == 3
    assert old["text_input network"] == NETWORK
    assert old == _view(open_page("train", **_as_query(race_query(RACE))))
    assert not {"training_images", "network-text"} & old["url"].keys()


def test_a_sweep_link(open_page: Callable[..., AppTest]) -> None:
    rates = {"learning-rates": "0.005, 0.05", "seeds": "2", "sweep-name": "two rates"}
    old = _view(open_page("sweep", **OLD_RACE, **rates))
    new = {name: value for name, value in _as_query(race_query(RACE)).items() if name != "learning-rate-digits"}
    assert old["number_input batch-size"] == 4
    # The sweep page has no single learning rate, so this parameter of the old link stays unused.
    assert old["url"].pop("learning-rate-digits") == "0.05"
    assert old == _view(open_page("sweep", **new, **rates))


def test_a_fork_link(open_page: Callable[..., AppTest]) -> None:
    train_into(RunStore(home.store_folder()), PARENT, OTHER, owner="mine")
    old = _view(
        open_page(
            "fork",
            **{
                "run": PARENT.run_id,
                "branch-epoch": "1",
                "branch-activation": "tanh",
                "branch-rate": "0.05",
                "branch-normalisation": "after every convolution",
                "branch-epochs": "4",
                "branch-also": OTHER.run_id,
            },
        )
    )
    assert old["selectbox fork-epoch"] == 1
    assert old["multiselect other forks"] == [OTHER.run_id]
    assert old == _view(open_page("fork", **_as_query(fork_query(FORK, OTHER))))


@pytest.mark.parametrize("page", ["train", "sweep", "fork", "runs"])
def test_any_value_of_an_old_parameter_opens_a_page(open_page: Callable[..., AppTest], page: str) -> None:
    app = open_page(page, **{"split_seed": "x", "network-text": "", "branch-also": ["?", "<b>"]})
    assert not app.exception
    assert not {"split_seed", "network-text", "branch-also"} & app.query_params.keys()


def test_the_new_name_wins_over_the_old_one(open_page: Callable[..., AppTest]) -> None:
    app = open_page("train", **{"split_seed": "3", "split-seed": "4"})
    assert app.number_input(key="split-seed").value == 4
