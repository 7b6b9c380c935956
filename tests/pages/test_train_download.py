"""A dataset that is not downloaded yet: the page shows the download, and says what to do when it fails."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from hw5core.data.datasets import DATASETS
from pages.parts.shared import server
from tests.pages.conftest import html, rerun_until
from tests.publisher import KIND, NAME, Publisher, publisher, use_dataset


@pytest.mark.slow
def test_a_download_is_shown_and_can_be_tried_again_after_an_error(
    open_training: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HW5_DATA", raising=False)
    # The app starts its own workers, which use the cache of the page.
    monkeypatch.delenv("HW5_SCHEDULER")
    with publisher() as source:
        monkeypatch.setitem(DATASETS, NAME, source.dataset)
        app = open_training(dataset="fashion", activations="relu", predict="false")
        with server.engine().client() as client:
            client.run(use_dataset, source.dataset)
        _press(app, "Start the race")
        rerun_until(
            app,
            lambda app: (
                _bar(app).startswith(f"downloading {KIND}: ") and f"of {source.total / 1e6:.1f} MB" in _bar(app)
            ),
        )
        rerun_until(app, lambda app: _arrived(app, source) > 0.8)
        source.fails = True
        source.resume.set()
        # The reason is next to the numbers of its network.
        rerun_until(app, lambda app: "could not be downloaded" in html(app))
        assert "Try again" in html(app)
        source.fails = False
        _press(app, "Resume")
        rerun_until(app, lambda app: _bar(app).startswith("running"))
        _press(app, "Stop")


def _press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def _bar(app: AppTest) -> str:
    """Return the text above the bar of the first network."""
    board = next(body for body in (html.proto.body for html in app.get("html")) if "hw5-state" in body)
    return board.split('<div class="hw5-state">')[1].split("<")[0]


def _arrived(app: AppTest, source: Publisher) -> float:
    """Return the downloaded share that the page shows, from 0 to 1."""
    words = _bar(app).removeprefix(f"downloading {KIND}: ").split(" ")
    return float(words[0]) * 1e6 / source.total if words[0].replace(".", "").isdigit() else 0.0
