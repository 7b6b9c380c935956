"""Downloads as they go wrong: cut off half way, said how far they came, never believed by half; and their progress."""

import threading
import time
from collections.abc import Iterator

import pytest

from hw5core.data import datasets, downloads
from hw5core.data.torchvision_import import torchvision_datasets
from hw5core.errors import DataError
from tests.publisher import KIND, Publisher, publisher, take_from

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def the_publisher() -> Iterator[Publisher]:
    with publisher() as here:
        yield here


@pytest.fixture
def source(the_publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """The publisher as it is on a good day, and no file at hand."""
    kind = getattr(torchvision_datasets(), KIND)
    for name in ("mirrors", "resources"):
        monkeypatch.setattr(kind, name, getattr(kind, name))
    take_from(*the_publisher.source)
    monkeypatch.setitem(downloads._PACKED_SIZES, KIND, the_publisher.sizes)
    monkeypatch.delenv("HW5_DATA", raising=False)
    the_publisher.breaks_off, the_publisher.holds_at = False, 1_000_000
    the_publisher.go_on.set()
    return the_publisher


def test_a_connection_that_breaks_off_is_said_and_the_next_try_works(source: Publisher) -> None:
    source.breaks_off = True
    arrived = (source.first + source.holds_at) / 1e6
    for _ in range(2):
        with pytest.raises(DataError) as raised:
            datasets.load("fashion")
        assert f"the connection broke off after {arrived:.1f} of {source.total / 1e6:.1f} MB" in str(raised.value)
        assert "Try again" in str(raised.value)
        assert "built-in digits" in str(raised.value)
        assert not datasets.at_hand("fashion")
    source.breaks_off = False
    assert len(datasets.load("fashion").labels) == 70_000
    assert datasets.at_hand("fashion")


def test_anybody_sees_how_far_a_download_has_come(source: Publisher) -> None:
    source.go_on.clear()
    assert datasets.download_under_way("fashion") is None
    fetching = threading.Thread(target=datasets.load, args=("fashion",))
    fetching.start()
    expected = downloads.Download(KIND, source.first + source.holds_at, source.total)
    deadline = time.monotonic() + PATIENCE_SECONDS
    # torchvision writes what has arrived in blocks, the last of which may still be on its way to the file.
    while not (found := datasets.download_under_way("fashion")) or found.arrived < expected.arrived - 64 * 1024:
        assert time.monotonic() < deadline, f"{found} instead of {expected}"
        time.sleep(0.02)
    assert found.arrived <= expected.arrived
    assert found.total == expected.total
    assert 0.8 < found.fraction < 1
    source.go_on.set()
    fetching.join()
    assert datasets.download_under_way("fashion") is None
    assert datasets.at_hand("fashion")


def test_what_one_process_has_tried_in_vain_the_one_behind_it_does_not_try_again(source: Publisher) -> None:
    source.go_on.clear()
    source.asked.clear()
    said: list[str] = []

    def fetch() -> None:
        with pytest.raises(DataError) as raised:
            datasets.load("fashion")
        said.append(str(raised.value))

    both = [threading.Thread(target=fetch) for _ in range(2)]
    for one in both:
        one.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "t10k-images-idx3-ubyte.gz" not in source.asked:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # The second one has been waiting for longer than for a moment.
    time.sleep(1.5)
    source.breaks_off = True
    source.go_on.set()
    for one in both:
        one.join()
    assert len(said) == 2
    assert all("the connection broke off after" in words for words in said)
    # torchvision asks twice for each file: once for the headers alone.
    assert source.asked.count("train-images-idx3-ubyte.gz") == 2


def test_there_is_nothing_to_download_of_the_built_in_digits() -> None:
    assert datasets.download_under_way("digits") is None
