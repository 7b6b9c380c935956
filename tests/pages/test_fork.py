"""The fork page: what there is to branch from, a branch from the button to its end, and a run that is gone."""

import re
import time
from collections.abc import Callable
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from hw5core import home
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import Normalisation, branch
from hw5core.store.store import RunStore
from pages.parts.shared.settings import fork_query
from tools.trained import trained

PARENT = RunConfig(
    network="1x28x28 conv4k3p1 relu avgpool4 flatten linear10", activation="sigmoid", training_images=20, epochs=3
)


@pytest.fixture
def open_fork(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    return partial(open_page, "fork")


@pytest.fixture
def kept() -> RunStore:
    """The server's store, with a finished run in it."""
    store = RunStore(home.store_folder())
    trained(store, PARENT, owner="mine")
    return store


def _labels(app: AppTest) -> str:
    return " ".join(html.proto.body for html in app.get("html"))


def test_where_nothing_was_trained_it_says_what_to_do(open_fork: Callable[..., AppTest]) -> None:
    app = open_fork()
    assert not app.exception
    assert "No run on this server has finished an epoch yet" in app.info[0].value


def test_the_first_view_has_a_run_and_a_branch_worth_trying(open_fork: Callable[..., AppTest], kept: RunStore) -> None:
    app = open_fork()
    assert not app.exception
    assert app.query_params["run"] == PARENT.run_id
    words = " ".join(one.value for one in app.markdown)
    assert "After epoch 0 of the sigmoid run, batch 4 of it, the activation becomes ReLU instead of sigmoid." in words
    assert "branch, ReLU: test accuracy" in _labels(app)
    assert [button.label for button in app.button][:2] == ["Start the fork", "Step: one batch"]
    app.selectbox(key="branch-activation").set_value("sigmoid").run()
    assert "repeats its parent exactly" in app.info[0].value
    assert app.button[0].disabled
    app.selectbox(key="branch-epoch").set_value(2).run()
    assert "give the branch more epochs" in app.error[0].value
    app.number_input(key="branch-epochs").set_value(4).run()
    assert not app.error
    assert not app.button[0].disabled


def test_a_link_carries_the_branch_and_whoever_opens_it_watches_both(
    open_fork: Callable[..., AppTest], kept: RunStore
) -> None:
    wanted = branch(PARENT, 1, "tanh", 0.05, Normalisation.INSERTED, epochs=4)
    link = dict(fork_query(wanted))
    app = open_fork(**link)
    assert not app.exception
    app.button[0].click().run()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and f"Receipt of {wanted.label}" not in str(app.get("download_button")):
        time.sleep(0.3)
        app.run()
    assert not app.exception
    other = open_fork(owner="yours", **link)
    assert "finished: 12 of 12 batches" in _labels(other)
    assert "finished: 16 of 16 batches" in _labels(other)
    words = " ".join(one.value for one in other.markdown)
    assert "batch normalisation stands in 1 place instead of 0" in words
    assert f"After epoch 2 **{wanted.label}** is at" in words
    stored = kept.run(wanted.run_id)
    assert stored is not None
    assert stored.config == wanted
    # The run goes; the branch stays, and the link says so.
    kept.delete(PARENT.run_id)
    gone = open_fork(owner="yours", **link)
    assert not gone.exception
    assert "has been deleted. Its forks still exist" in gone.warning[0].value
    assert ">not started<" in _labels(gone)
    assert "finished: 16 of 16 batches" in _labels(gone)
    anew = open_fork(**{**link, "branch-activation": "elu"})
    anew.button[0].click().run()
    assert not anew.exception
    assert "no checkpoint of epoch 1 to branch from" in " ".join(one.value for one in anew.error)


@pytest.mark.parametrize("run", ["0" * 16, "<script>", "", "x" * 5000])
def test_a_run_that_is_not_here_is_a_sentence(open_fork: Callable[..., AppTest], kept: RunStore, run: str) -> None:
    app = open_fork(run=run)
    assert not app.exception
    assert "is not on this server" in app.error[0].value


def test_a_branch_that_has_begun_is_shown_on_beside_the_next_one_and_the_address_says_so(
    open_fork: Callable[..., AppTest], kept: RunStore
) -> None:
    first, second, third = (branch(PARENT, 0, name, 0.008) for name in ("relu", "tanh", "elu"))
    trained(kept, first, second)
    app = open_fork(**dict(fork_query(first)))
    assert app.multiselect[0].value == []
    assert _shown(app) == [PARENT.label, first.label]
    app.selectbox(key="branch-activation").set_value("elu").run()
    assert app.multiselect[0].value == [first.run_id]
    assert _shown(app) == [PARENT.label, third.label, first.label]
    app.multiselect[0].set_value([first.run_id, second.run_id]).run()
    assert _shown(app) == [PARENT.label, third.label, first.label, second.label]
    assert "the run that it left" in " ".join(one.value for one in app.markdown)
    assert app.query_params["branch-also"] == [first.run_id, second.run_id]
    link: dict[str, str | list[str]] = dict(fork_query(third))
    link["branch-also"] = app.query_params["branch-also"]
    other = open_fork(owner="yours", **link)
    assert not other.exception
    assert _shown(other) == [PARENT.label, third.label, first.label, second.label]
    # Another run takes none of them along; nor does a link to what has been deleted.
    kept.delete(second.run_id)
    gone = open_fork(**link)
    assert "is not on this server" in gone.warning[0].value
    assert _shown(gone) == [PARENT.label, third.label, first.label]
    gone.selectbox(key="run to fork").set_value(first.run_id).run()
    assert not gone.exception
    assert _shown(gone)[0] == first.label
    assert gone.selectbox(key="branch-activation").value == "sigmoid"
    assert "branch-also" not in gone.query_params


def _shown(app: AppTest) -> list[str]:
    return re.findall(r"([^>]*): test accuracy</div>", _labels(app))
