"""What the page tests share: a server of their own each, and pages opened through the router."""

import logging
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import streamlit as st
from distributed import LocalCluster
from streamlit.testing.v1 import AppTest

from hw5core.engine.cluster import TRAIN
from tools.waiting import PATIENCE_SECONDS, wait_until

APP = str(Path(__file__).parents[2] / "app.py")


def rerun_until(app: AppTest, condition: Callable[[AppTest], object]) -> None:
    """Run the page again until the condition holds for it. No run may raise an exception."""

    def reached() -> bool:
        assert not app.exception
        return bool(condition(app) or condition(app.run()))

    wait_until(reached, lambda: [*app.get("html"), *app.error], poll_seconds=0.3)
    assert not app.exception


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """AppTest puts a page in the place of `__main__` and leaves it there; workers started later import it."""
    own = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = own


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The scheduler of a Dask cluster that all page tests train on, one after the other: to start workers for each of
    them would take longer than the tests do. The embedded cluster is tested with the engine and in the browser."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HW5_HOME", str(tmp_path_factory.mktemp("workers")))
        cluster = LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            resources={TRAIN: 1},
            silence_logs=logging.ERROR,
        )
    with cluster:
        yield cluster.scheduler_address


@pytest.fixture
def open_page(workers: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """Opens the named page with these parameters in its address, on a server of the test's own; `owner` is whose
    browser it is."""
    monkeypatch.setenv("HW5_SCHEDULER", workers)
    st.cache_resource.clear()

    def opened(page: str, owner: str | None = None, **parameters: str | list[str]) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=PATIENCE_SECONDS).run()
        if owner:
            app.session_state["owner"] = owner
        app.switch_page(f"pages/{page}.py")
        for name, value in parameters.items():
            app.query_params[name] = value
        return app.run()

    yield opened
    st.cache_resource.clear()


@pytest.fixture
def open_training(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Opens the training page."""
    return partial(open_page, "train")
