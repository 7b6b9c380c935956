"""Downloads that break off, their progress, and two processes that need the same files."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from hw5core.data import datasets, downloads
from hw5core.data.datasets import DATASETS
from hw5core.data.sources import Files
from hw5core.errors import DataError
from tests.publisher import NAME, Publisher, publisher
from tools.waiting import wait_until


@pytest.fixture(scope="module")
def running_publisher() -> Iterator[Publisher]:
    with publisher() as running:
        yield running


@pytest.fixture
def source(running_publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """A publisher that works. No files are on this machine."""
    monkeypatch.setitem(DATASETS, NAME, running_publisher.dataset)
    monkeypatch.delenv("HW5_DATA", raising=False)
    running_publisher.fails, running_publisher.pauses_at = False, 1_000_000
    running_publisher.resume.set()
    return running_publisher


@pytest.mark.slow
def test_a_broken_connection_is_reported_and_the_next_try_works(source: Publisher) -> None:
    source.fails = True
    for _ in range(2):
        with pytest.raises(DataError) as raised:
            datasets.load(NAME)
        progress = f"{source.sent_at_pause / 1e6:.1f} of {source.total / 1e6:.1f} MB"
        assert f"the connection broke off after {progress}" in str(raised.value)
        assert "Try again" in str(raised.value)
        assert "built-in digits" in str(raised.value)
        assert not datasets.is_available(NAME)
    source.fails = False
    assert len(datasets.load(NAME).labels) == 70_000
    assert datasets.is_available(NAME)


def test_the_progress_of_a_download_is_visible(source: Publisher) -> None:
    source.resume.clear()
    assert datasets.current_download(NAME) is None
    fetching = threading.Thread(target=datasets.load, args=(NAME,))
    fetching.start()
    # What has arrived is written in blocks, and the last block may not be in the file yet.
    least = source.sent_at_pause - 8 * 1024
    wait_until(lambda: _arrived() >= least, _arrived)
    progress = datasets.current_download(NAME)
    assert progress is not None
    assert progress.arrived <= source.sent_at_pause
    assert progress.total == source.total
    assert 0.8 < progress.fraction < 1
    source.resume.set()
    fetching.join()
    assert datasets.current_download(NAME) is None
    assert datasets.is_available(NAME)


@pytest.mark.slow
def test_a_process_that_waited_for_a_failed_download_does_not_repeat_it(
    source: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.resume.clear()
    source.requested.clear()
    errors: list[str] = []
    asked_for_lock: list[Files] = []
    download_lock = downloads.download_lock

    def counted(files: Files) -> AbstractContextManager[bool]:
        asked_for_lock.append(files)
        return download_lock(files)

    monkeypatch.setattr(downloads, "download_lock", counted)
    monkeypatch.setattr(downloads, "PROBE_SECONDS", 0.0)

    def fetch() -> None:
        with pytest.raises(DataError) as raised:
            datasets.load(NAME)
        errors.append(str(raised.value))

    both = [threading.Thread(target=fetch) for _ in range(2)]
    for one in both:
        one.start()
    wait_until(
        lambda: len(asked_for_lock) == 2 and "t10k-images-idx3-ubyte.gz" in source.requested, lambda: source.requested
    )
    source.fails = True
    source.resume.set()
    for one in both:
        one.join()
    assert len(errors) == 2
    assert all("the connection broke off after" in text for text in errors)
    assert source.requested.count("train-images-idx3-ubyte.gz") == 1


def test_the_built_in_digits_need_no_download() -> None:
    assert datasets.current_download("digits") is None


def _arrived() -> int:
    progress = datasets.current_download(NAME)
    return progress.arrived if progress else 0
