"""Images that several processes map from one file."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hw5core.data.shared_images import shared

IMAGES = np.arange(3 * 28 * 28, dtype=np.uint16).astype(np.uint8).reshape(3, 28, 28)


def _files(home: Path) -> list[Path]:
    return sorted((home / "cache").rglob("*.npy"))


def test_shared_images_are_equal_read_only_and_kept_in_one_file(home: Path) -> None:
    first, second = shared(IMAGES), shared(IMAGES.copy())
    for mapped in (first, second):
        assert (mapped == IMAGES).all()
        assert mapped.shape == IMAGES.shape
        assert not mapped.flags.writeable
    assert len(_files(home)) == 1
    assert (shared(IMAGES[::-1].copy()) == IMAGES[::-1]).all()
    assert len(_files(home)) == 2


def test_another_process_maps_the_same_file(home: Path) -> None:
    shared(IMAGES)
    (file,) = _files(home)
    before = file.stat().st_mtime_ns
    script = (
        "import numpy as np; from hw5core.data.shared_images import shared;"
        "images = np.arange(3 * 28 * 28, dtype=np.uint16).astype(np.uint8).reshape(3, 28, 28); kept = shared(images);"
        f"print({str(file)!r} in open('/proc/self/maps').read())"
    )
    if not Path("/proc/self/maps").exists():
        pytest.skip("only Linux lists what a process has mapped")
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed == "True\n"
    assert file.stat().st_mtime_ns == before, "it was written again"


@pytest.mark.parametrize("damage", [b"", b"not an array", bytes(5_000)])
def test_a_damaged_file_is_replaced(home: Path, damage: bytes) -> None:
    earlier = shared(IMAGES)
    (file,) = _files(home)
    file.unlink()
    file.write_bytes(damage)
    assert (shared(IMAGES) == IMAGES).all()
    assert (earlier == IMAGES).all()
    assert (np.load(file) == IMAGES).all()


def test_a_file_with_other_images_is_replaced(home: Path) -> None:
    shared(IMAGES)
    (file,) = _files(home)
    file.unlink()
    np.save(file, IMAGES[:2])
    assert (shared(IMAGES) == IMAGES).all()


def test_images_that_cannot_be_written_are_returned_themselves(home: Path) -> None:
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "unpacked").write_text("a file where a folder should be")
    assert shared(IMAGES) is IMAGES
