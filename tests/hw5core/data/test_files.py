"""Image files that people have put somewhere: every usual form is read, and anything else is named with its fault."""

import gzip
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw5core.data import datasets
from hw5core.data.datasets import DATASETS
from hw5core.data.sources import Files
from hw5core.errors import DataError
from tests.hw5core.data.small import IMAGES, NAMES, content_of, dataset_of, write_files
from tools.live import ROOT

PIXELS = np.concatenate([np.frombuffer(content_of("Numerals")[name], np.uint8, offset=16) for name in NAMES[::2]])


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in HW5_DATA. Two datasets exist, and no mirror has them."""
    monkeypatch.setitem(DATASETS, "numerals", dataset_of("Numerals"))
    monkeypatch.setitem(DATASETS, "clothes", dataset_of("Clothes"))
    monkeypatch.setenv("HW5_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def _refusal(name: str = "numerals") -> str:
    """Return the message for a dataset that cannot be loaded."""
    with pytest.raises(DataError) as raised:
        datasets.load(name)
    message = str(raised.value)
    assert "Error" not in message, "the name of a Python exception"
    assert "Errno" not in message
    return message


@pytest.mark.parametrize("place", ["Numerals/raw", "Numerals", "raw", "."])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
def test_files_are_used_wherever_and_however_people_have_them(
    data: Path, place: str, packed: bool, dotted: bool
) -> None:
    write_files(data / place, "Numerals", dotted, packed)
    assert datasets.is_available("numerals")
    pool = datasets.load("numerals")
    assert (pool.images.ravel() == PIXELS).all()
    assert len(pool.labels) == IMAGES
    assert pool.note == ""


@pytest.mark.parametrize("place", ["Numerals", "Numerals/raw"])
def test_hw5_data_may_name_the_datasets_own_folder(data: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(data / "Numerals" / "raw", "Numerals")
    monkeypatch.setenv("HW5_DATA", str(data / place))
    assert datasets.is_available("numerals")
    assert datasets.load("numerals").note == ""


def test_a_path_may_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_files(tmp_path / "mine", "Numerals")
    monkeypatch.setenv("HW5_DATA", "~/mine")
    assert datasets.load("numerals").note == ""
    monkeypatch.setenv("HW5_DATA", "~nobody-of-this-name/mine")
    assert "~nobody-of-this-name/mine (HW5_DATA) does not exist" in _refusal()


def test_files_in_two_folders_and_under_a_wrong_name_are_used_together(data: Path, home: Path) -> None:
    write_files(data, "Numerals")
    write_files(home / "cache" / "Numerals" / "raw", "Numerals")
    (data / NAMES[0]).unlink()
    (home / "cache" / "Numerals" / "raw" / NAMES[1]).unlink()
    # Some browsers pack or unpack a file and keep its name.
    (data / NAMES[2]).write_bytes(gzip.compress(content_of("Numerals")[NAMES[2]]))
    (data / NAMES[3]).rename(data / f"{NAMES[3]}.gz")
    assert datasets.is_available("numerals")
    assert datasets.load("numerals").note == ""


def test_a_link_to_a_file_is_used(data: Path, tmp_path: Path) -> None:
    write_files(tmp_path / "elsewhere", "Numerals")
    data.mkdir()
    for name in NAMES:
        (data / name).symlink_to(tmp_path / "elsewhere" / name)
    assert datasets.load("numerals").note == ""


def _folder(path: Path) -> None:
    path.mkdir()


def _broken_link(path: Path) -> None:
    path.symlink_to("gone")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _web_page(path: Path) -> None:
    path.write_text("<!DOCTYPE html><html><body>Sign in to this network</body></html>")


def _too_short(path: Path) -> None:
    path.write_bytes(b"1234")


def _random_bytes(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(len(content_of("Numerals")[path.name])))


def _packed_in_part(path: Path) -> None:
    path.write_bytes(gzip.compress(content_of("Numerals")[path.name])[:-20])


def _packed_zeros(path: Path) -> None:
    path.write_bytes(gzip.compress(bytes(10_000_000)))


def _file_of_the_other_dataset(path: Path) -> None:
    path.write_bytes(content_of("Clothes")[path.name])


@pytest.mark.parametrize("name", [NAMES[0], NAMES[1]])
@pytest.mark.parametrize(
    ("put", "fault"),
    [
        (_folder, "is a folder, not a file"),
        (_broken_link, "is a link to gone, which does not exist"),
        (_link_to_itself, "is a link to"),
        (_pipe, "is not an ordinary file"),
        (_web_page, "is a web page, not the file"),
        (_too_short, "has 4 bytes instead of"),
        (_random_bytes, "differs from the publisher's file"),
        (_packed_in_part, "is a damaged gzip file"),
        (_packed_zeros, "unpacks to more than"),
        (_file_of_the_other_dataset, "is Clothes, not Numerals"),
    ],
)
def test_anything_else_in_a_files_place_is_named_with_its_fault(
    data: Path, name: str, put: Callable[[Path], None], fault: str
) -> None:
    write_files(data / "Numerals" / "raw", "Numerals")
    path = data / "Numerals" / "raw" / name
    path.unlink()
    put(path)
    message = _refusal()
    assert f"In {data} (HW5_DATA), Numerals/raw/{name} {fault}" in message
    assert "Only 3 of its 4 files are on this machine" in message
    assert f"put {name} (packed as .gz or unpacked) into {path.parent}" in message
    # A good file further on is used, and the note names the one that was not.
    (data / f"{name}.gz").write_bytes(gzip.compress(content_of("Numerals")[name]))
    assert datasets.is_available("numerals")
    assert f"{path} was not used: it {fault}" in datasets.load("numerals").note


def test_the_files_of_the_other_dataset_do_not_count_as_available(data: Path) -> None:
    write_files(data, "Clothes")
    assert datasets.is_available("clothes")
    assert not datasets.is_available("numerals")
    assert f"{NAMES[1]} is Clothes, not Numerals" in _refusal()


def test_mnist_in_the_place_of_fashion_mnist_is_refused_by_name(
    mnist_folder: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.mkdir()
    (data / "FashionMNIST").symlink_to(mnist_folder / "MNIST")
    monkeypatch.setitem(DATASETS, "fashion", _without_mirrors("fashion"))
    assert not datasets.is_available("fashion")
    message = _refusal("fashion")
    for name in NAMES:
        assert f"{name} is MNIST, not FashionMNIST" in message


def _without_mirrors(name: str) -> datasets.Dataset:
    dataset = DATASETS[name]
    assert isinstance(dataset.source, Files)
    return replace(dataset, source=replace(dataset.source, mirrors=()))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], "has no such file"),
        (["private letter.doc"], "has no such file"),
        (["mnist.npz", "private letter.doc", "train.csv"], "has only mnist.npz, train.csv"),
        ([f"train-{number}.png" for number in range(9)], "train-5.png, …"),
    ],
)
def test_without_usable_files_the_message_says_what_is_there(data: Path, names: list[str], found: str) -> None:
    data.mkdir()
    for name in names:
        (data / name).touch()
    message = _refusal()
    assert f"{data} (HW5_DATA) {found}" in message or found in message
    assert "private" not in message
    assert "the built-in digits" in message


def test_a_file_instead_of_the_folder_is_named(data: Path) -> None:
    data.write_bytes(b"")
    assert f"{data} (HW5_DATA) is a file, not a folder" in _refusal()


def test_random_labels_of_an_unknown_dataset_are_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS, "numerals", dataset_of("Numerals", known=False))
    write_files(data, "Numerals")
    assert datasets.load("numerals").note == ""
    (data / NAMES[1]).write_bytes(bytes(8) + bytes(range(30)))
    assert "they contain the label 10, but the labels go from 0 to 9" in _refusal()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder into which every user can look, unlike the folders of this test run."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.mark.parametrize(("forbidden", "fault"), [(NAMES[0], f"{NAMES[0]} cannot be read"), (".", "cannot be read")])
def test_a_file_without_permission_is_named(open_folder: Path, forbidden: str, fault: str) -> None:
    data = open_folder / "data"
    write_files(data, "Numerals")
    (data / forbidden).chmod(0)
    program = """
import os
from hw5core.data import datasets
from tests.hw5core.data.small import dataset_of
datasets.DATASETS["numerals"] = dataset_of("Numerals")
if os.getuid() == 0:
    os.setuid(65534)  # nothing is forbidden to root
print(datasets.is_available("numerals"))
try:
    datasets.load("numerals")
except datasets.DataError as error:
    print(error)
"""
    environment = os.environ | {"HW5_DATA": str(data), "HW5_HOME": str(open_folder / "home")}
    (open_folder / "home").mkdir(mode=0o777)
    (open_folder / "home").chmod(0o777)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    (data / forbidden).chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("False\n")
    assert f"{fault}: permission denied" in done.stdout
