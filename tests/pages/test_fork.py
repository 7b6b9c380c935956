"""The fork page without a browser: the run to fork, a fork from the button to its end, and a run that is missing."""

import re
from collections.abc import Callable
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import Normalisation, fork
from hw5core.store.store import RunStore
from pages.parts.shared.settings import fork_query
from tests.pages.conftest import html, rerun_until
from tools.training import train_into

PARENT = RunConfig(
    network="1x28x28 conv4k3p1 relu avgpool4 flatten linear10", activation="sigmoid", training_images=20, epochs=3
)


@pytest.fixture
def open_fork(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    return partial(open_page, "fork")


@pytest.fixture
def store() -> RunStore:
    """Return the server's store with a finished run in it."""
    runs = RunStore(home.store_folder())
    train_into(runs, PARENT, owner="mine")
    return runs


def test_without_any_run_the_page_says_what_to_do(open_fork: Callable[..., AppTest]) -> None:
    app = open_fork()
    assert not app.exception
    assert "No run on this server has finished an epoch yet" in app.info[0].value


def test_the_first_view_proposes_a_run_and_a_useful_fork(open_fork: Callable[..., AppTest], store: RunStore) -> None:
    app = open_fork()
    assert not app.exception
    assert app.query_params["run"] == PARENT.run_id
    words = " ".join(one.value for one in app.markdown)
    assert "Fork of the sigmoid run after epoch 0 (batch 4): activation ReLU instead of sigmoid." in words
    assert "fork, ReLU: test accuracy" in html(app)
    assert [button.label for button in app.button][:2] == ["Start the fork", "Step: one batch"]
    app.selectbox(key="fork-activation").set_value("sigmoid").run()
    assert "repeats its parent exactly" in app.info[0].value
    assert app.button[0].disabled
    app.selectbox(key="fork-epoch").set_value(2).run()
    assert "give the fork more epochs" in app.error[0].value
    app.number_input(key="fork-epochs").set_value(4).run()
    assert not app.error
    assert not app.button[0].disabled


def test_a_link_opens_the_fork_with_its_parent(open_fork: Callable[..., AppTest], store: RunStore) -> None:
    wanted = fork(PARENT, 1, "tanh", 0.05, Normalisation.INSERTED, epochs=4)
    link = dict(fork_query(wanted))
    app = open_fork(**link)
    assert not app.exception
    app.button[0].click().run()
    rerun_until(app, lambda app: f"Receipt of {wanted.label}" in str(app.get("download_button")))
    assert not app.exception
    other = open_fork(owner="yours", **link)
    assert "finished: 12 of 12 batches" in html(other)
    assert "finished: 16 of 16 batches" in html(other)
    words = " ".join(one.value for one in other.markdown)
    assert "batch normalisation in 1 place instead of 0" in words
    assert f"After epoch 2, **{wanted.label}** has" in words
    stored = store.run(wanted.run_id)
    assert stored is not None
    assert stored.config == wanted
    # After the parent is deleted, the fork stays, and the link says so.
    store.delete(PARENT.run_id)
    gone = open_fork(owner="yours", **link)
    assert not gone.exception
    assert "has been deleted. Its forks still exist" in gone.warning[0].value
    assert ">not started<" in html(gone)
    assert "finished: 16 of 16 batches" in html(gone)
    new = open_fork(**{**link, "fork-activation": "elu"})
    new.button[0].click().run()
    assert not new.exception
    assert "no checkpoint of epoch 1" in " ".join(one.value for one in new.error)


@pytest.mark.parametrize("run", ["0" * 16, "<script>", "", "x" * 5000])
def test_a_link_to_a_missing_run_shows_an_error(open_fork: Callable[..., AppTest], store: RunStore, run: str) -> None:
    app = open_fork(run=run)
    assert not app.exception
    assert "is not on this server" in app.error[0].value


def test_a_started_fork_stays_visible_next_to_the_next_one_and_in_the_link(
    open_fork: Callable[..., AppTest], store: RunStore
) -> None:
    first, second, third = (fork(PARENT, 0, name, 0.005) for name in ("relu", "tanh", "elu"))
    train_into(store, first, second)
    app = open_fork(**dict(fork_query(first)))
    assert app.multiselect[0].value == []
    assert _shown(app) == [PARENT.label, first.label]
    app.selectbox(key="fork-activation").set_value("elu").run()
    assert app.multiselect[0].value == [first.run_id]
    assert _shown(app) == [PARENT.label, third.label, first.label]
    app.multiselect[0].set_value([first.run_id, second.run_id]).run()
    assert _shown(app) == [PARENT.label, third.label, first.label, second.label]
    assert "its parent run" in " ".join(one.value for one in app.markdown)
    assert app.query_params["fork-also"] == [first.run_id, second.run_id]
    link: dict[str, str | list[str]] = dict(fork_query(third))
    link["fork-also"] = app.query_params["fork-also"]
    other = open_fork(owner="yours", **link)
    assert not other.exception
    assert _shown(other) == [PARENT.label, third.label, first.label, second.label]
    # A deleted fork is left out, and another parent shows none of these forks.
    store.delete(second.run_id)
    gone = open_fork(**link)
    assert "is not on this server" in gone.warning[0].value
    assert _shown(gone) == [PARENT.label, third.label, first.label]
    gone.selectbox(key="run to fork").set_value(first.run_id).run()
    assert not gone.exception
    assert _shown(gone)[0] == first.label
    assert gone.selectbox(key="fork-activation").value == "sigmoid"
    assert "fork-also" not in gone.query_params


def _shown(app: AppTest) -> list[str]:
    return re.findall(r"([^>]*): test accuracy</div>", html(app))
