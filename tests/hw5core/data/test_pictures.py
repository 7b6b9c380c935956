"""Pictures of digits: MNIST's own images stay as they are, and hostile files end in a message."""

import contextlib
import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from hw5core.data import datasets
from hw5core.data.pictures import MAX_BYTES, MAX_PIXELS, as_png, prepare, read_picture, read_picture_file
from hw5core.errors import PictureError


def _file(pixels: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + b"".join(chunks) + _chunk(b"IEND", b"")


def _stroke(height: int = 90, width: int = 60) -> np.ndarray:
    """A dark digit 1 on white, off the centre."""
    paper = np.full((height, width), 255, np.uint8)
    paper[20:70, 8:16] = 0
    return paper


def test_images_of_mnist_stay_as_they_are(mnist_folder: Path) -> None:
    images = datasets.load("mnist").images[:300]
    differences = [np.abs(prepare(image).astype(int) - image).max() for image in images]
    # The brightest pixel becomes 255; a centre of mass between two pixels may round to the other one.
    assert np.mean([difference <= 3 for difference in differences]) > 0.98


def test_strokes_are_bright_scaled_into_20_pixels_and_centred() -> None:
    prepared = prepare(_stroke())
    assert prepared.shape == (28, 28)
    assert prepared.dtype == np.uint8
    assert prepared.max() == 255
    rows, columns = np.nonzero(prepared)
    assert rows.max() - rows.min() + 1 == 20
    assert columns.max() - columns.min() + 1 == 3  # 50x8 pixels, scaled by 20/50
    assert abs(rows.mean() - 14) <= 0.5
    assert abs(columns.mean() - 14) <= 0.5


def test_light_and_dark_backgrounds_give_the_same_image() -> None:
    assert (prepare(_stroke()) == prepare(255 - _stroke())).all()


def test_place_and_size_of_a_digit_do_not_matter() -> None:
    moved = np.roll(_stroke(), (12, 30), (0, 1))
    assert (prepare(_stroke()) == prepare(moved)).all()
    assert (prepare(_stroke()) == prepare(np.kron(_stroke(), np.ones((3, 3), np.uint8)))).all()


def test_the_noise_of_a_photo_is_no_stroke() -> None:
    noise = np.random.default_rng(0).normal(0, 6, (90, 60))
    photo = np.clip(_stroke() * (120 / 255) + 80 + noise, 0, 255).astype(np.uint8)
    rows, columns = np.nonzero(prepare(photo) > 128)
    assert rows.max() - rows.min() + 1 >= 19
    assert columns.max() - columns.min() + 1 <= 3


def test_clothes_fill_the_image_with_equal_margins() -> None:
    prepared = prepare(_stroke(), fills_image=True)
    rows, columns = np.nonzero(prepared)
    for axis in (rows, columns):
        assert abs(axis.min() - (27 - axis.max())) <= 1
    assert max(np.ptp(rows), np.ptp(columns)) == 27
    assert (prepared == prepare(255 - _stroke(), fills_image=True)).all()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_without_strokes_is_refused(level: int) -> None:
    with pytest.raises(PictureError, match="nothing in the picture"):
        prepare(np.full((28, 28), level, np.uint8))


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (3, 1_000)])
def test_every_shape_is_prepared_or_refused(shape: tuple[int, int]) -> None:
    pixels = np.zeros(shape, np.uint8)
    pixels[shape[0] // 2, shape[1] // 2] = 255
    with contextlib.suppress(PictureError):
        assert prepare(pixels).shape == (28, 28)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "1", "P", "LA", "I;16"])
def test_every_kind_of_png_is_read_as_grey(mode: str) -> None:
    grey = Image.fromarray(_stroke())
    picture = Image.fromarray(_stroke().astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    file = io.BytesIO()
    picture.save(file, "PNG")
    assert (prepare(read_picture(file.getvalue())) == prepare(_stroke())).all()


def test_transparent_pixels_are_white() -> None:
    transparent = np.zeros((90, 60, 4), np.uint8)
    transparent[..., 3] = 255 - _stroke()
    assert (read_picture(_file(transparent)) == _stroke()).all()


@pytest.mark.slow
def test_a_large_photo_is_made_smaller_while_it_is_read() -> None:
    large = np.kron(_stroke(), np.ones((40, 40), np.uint8))
    pictures = {mode: Image.fromarray(large).convert(mode) for mode in ("L", "P", "1", "RGBA")}
    pictures["I;16"] = Image.fromarray(large.astype(np.uint16) * 257)
    for kind, picture in [("JPEG", pictures["L"]), *(("PNG", picture) for picture in pictures.values())]:
        file = io.BytesIO()
        picture.save(file, kind)
        read = read_picture(file.getvalue())
        assert max(read.shape) <= 2_000
        assert np.abs(prepare(read).astype(int) - prepare(_stroke())).max() <= 40


def _text_bomb() -> bytes:
    information = PngImagePlugin.PngInfo()
    information.add_text("Comment", "a" * 50_000_000, zip=True)
    file = io.BytesIO()
    Image.fromarray(_stroke()).save(file, "PNG", pnginfo=information)
    return file.getvalue()


HOSTILE = {
    "empty": b"",
    "text": b"not a picture" * 100,
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "gif": _file(_stroke(), "GIF"),
    "webp": _file(_stroke(), "WEBP"),
    "truncated png": _file(np.random.default_rng(0).integers(0, 255, (90, 60), np.uint8))[:2_000],
    "truncated jpeg": _file(_stroke(), "JPEG")[:-60],
    "only a header": _png(28, 28),
    "no pixels": _png(0, 28),
    "100 megapixels": _png(10_000, 10_000, _chunk(b"IDAT", zlib.compress(b"\0" * 100))),
    "2 gigapixels": _png(50_000, 50_000, _chunk(b"IDAT", zlib.compress(b"\0" * 100))),
    "decompression bomb": _png(60_000, 60_000, _chunk(b"IDAT", zlib.compress(b"\0" * 50_000_000))),
    "compressed text of 50 MB": _text_bomb(),
    "text of 50 MB": _png(28, 28, _chunk(b"tEXt", b"Comment\0" + b"a" * 50_000_000)),
    "wrong checksum": _file(_stroke()).replace(b"IDAT", b"IDAX"),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_a_message(name: str) -> None:
    tracemalloc.start()
    with pytest.raises(PictureError) as refused:
        read_picture(HOSTILE[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(refused.value).endswith((".", "digit.", "file."))
    assert peak < 60_000_000


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_the_limits_are_named() -> None:
    with pytest.raises(PictureError, match="10,000 x 10,000 pixels; the limit is 25 million"):
        read_picture(HOSTILE["100 megapixels"])
    with pytest.raises(PictureError, match="more than 20 MB"):
        read_picture(b"\0" * (MAX_BYTES + 1))
    assert MAX_PIXELS == 25_000_000


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"missing\.png"):
        read_picture_file(tmp_path / "missing.png")
    with pytest.raises(PictureError, match=tmp_path.name):
        read_picture_file(tmp_path)


@pytest.mark.parametrize(("shape", "mode"), [((28, 20), "L"), ((28, 20, 3), "RGB")])
def test_an_image_survives_its_png(shape: tuple[int, ...], mode: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    with Image.open(io.BytesIO(as_png(image))) as opened:
        assert opened.mode == mode
        assert (np.asarray(opened) == image).all()
