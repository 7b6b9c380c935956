"""PyTorch's report on a network, which a real worker computes."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from hw5core.errors import EngineError
from hw5core.explain.torch_report import ModuleReport
from hw5core.network.notation import parse
from hw5core.training.module_report import module_report
from pages.parts.count.module_report import redraw_when_reported, report_of
from pages.parts.shared import server
from tools.waiting import wait_until

NETWORK = "1x28x28 flatten linear7"


def test_a_report_that_the_workers_lost_is_asked_for_again(open_page: Callable[..., AppTest]) -> None:
    open_page("count")
    redraw_when_reported(NETWORK)  # starts the workers, as the page does
    assert isinstance(wait_until(lambda: report_of(NETWORK), lambda: "no report"), ModuleReport)
    lost = server.engine().submit(module_report, NETWORK)
    lost.cancel()
    wait_until(lost.cancelled, lambda: "the task was not cancelled")
    assert report_of(NETWORK) is None
    assert isinstance(wait_until(lambda: report_of(NETWORK), lambda: "no report"), ModuleReport)


def test_a_lost_question_to_a_worker_is_an_error_in_words(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_page("count")
    engine = server.engine()
    submit = engine.submit

    def submit_and_lose(*arguments: object) -> object:
        future = submit(*arguments)
        future.cancel()
        return future

    monkeypatch.setattr(engine, "submit", submit_and_lose)
    with pytest.raises(EngineError, match="The connection to the workers was lost"):
        server.ask_worker(parse, NETWORK)
