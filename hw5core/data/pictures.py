"""Pictures of what a network knows: read from a file, and prepared as the images of its dataset were.

`prepare` is a pure function of the pixels. The page uses it for a drawing, and the terminal for the pictures in files.
"""

import io
import struct
import threading
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hw5core.errors import PictureError

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 28
"""The side of a prepared image, in pixels."""

BOX = 20
"""The side of the square into which the strokes are scaled."""

MAX_BYTES = 20_000_000
"""The largest file of a picture."""

MAX_PIXELS = 25_000_000
"""The most pixels of a picture: a telephone's photo has 12 or 24 million."""

_FORMATS = ("PNG", "JPEG")
"""WebP is left out: its reader allocates the whole picture before its size can be checked."""

_DECODED_SIDE = 1_000
"""A picture is made smaller than twice this as early as possible: an image needs no more."""

_STROKES_ON_BORDER = 20
"""The percentage of the border's pixels that strokes may cover."""

_MIN_CONTRAST = 16
"""The least difference between strokes and background, of 255 levels."""

_FAINT, _FAINT_IN_PHOTO = 0.01, 0.25
"""The share of the strongest stroke below which a pixel is background: traces of JPEG's compression, and of a photo's
noise and shadows."""

_one_at_a_time = threading.Lock()
"""Many visitors may send large pictures at once. One after another, they need the memory of one."""


def as_png(image: NDArray[np.uint8]) -> bytes:
    """Return grey levels (height, width), or colours (height, width, 3), as a PNG file."""
    height, width = image.shape[:2]
    kind_of_pixels = 0 if image.ndim == 2 else 2
    rows = b"".join(b"\0" + row.tobytes() for row in image)  # each row begins with the number of its filter
    header = struct.pack(">IIBBBBB", width, height, 8, kind_of_pixels, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def read_picture(content: bytes) -> NDArray[np.uint8]:
    """Return the grey levels (height, width) of a PNG or JPEG file. Transparent pixels are white.

    Raise PictureError if the file is none of them, damaged, or too large. The size in its header is checked before
    anything is decoded.
    """
    from PIL import Image, ImageOps  # the server imports it only for the first picture

    if len(content) > MAX_BYTES:
        raise PictureError(f"The picture has more than {MAX_BYTES // 10**6} MB. Make it smaller, or crop it.")
    try:
        with _one_at_a_time, Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise PictureError(
                    f"The picture has {width:,} x {height:,} pixels; the limit is {MAX_PIXELS // 10**6} million. Make "
                    "it smaller, or crop it."
                )
            # JPEG is decoded at a part of its size at once.
            picture.draft("L", (_DECODED_SIDE, _DECODED_SIDE))
            return _grey(ImageOps.exif_transpose(_smaller(picture)))
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError(f"The picture has more than {MAX_PIXELS // 10**6} million pixels.") from error
    except MemoryError as error:
        raise PictureError("The picture needs too much memory. Make it smaller, or crop it.") from error
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, IndexError, KeyError) as error:
        raise PictureError(
            "The picture cannot be read: it is damaged or incomplete, or it is no PNG or JPEG file."
        ) from error


def read_picture_file(path: Path) -> NDArray[np.uint8]:
    """Return the grey levels of the picture in a file. Raise PictureError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        return read_picture(content)
    except (OSError, PictureError) as error:
        raise PictureError(f"{path}: {error}") from error


def prepare(grey: NDArray[np.uint8], fills_image: bool = False) -> NDArray[np.uint8]:
    """Return what a picture (height, width) shows as MNIST shows its digits: uint8 (28, 28), bright strokes on black.

    The background is what the border shows; strokes are what differs from it. They are inverted if the background is
    light, cropped, scaled into 20x20 pixels with their proportions kept, and put into 28x28 pixels so that their centre
    of mass is in the middle. With `fills_image`, they are scaled into 28x28 pixels, with equal margins, as
    Fashion-MNIST's clothes are. Raise PictureError if there are no strokes.
    """
    ink = _ink(np.asarray(grey, np.float64))
    rows, columns = (np.flatnonzero(ink.any(axis)) for axis in (1, 0))
    if not len(rows):
        raise PictureError("There is nothing in the picture: draw something, or choose a picture with more contrast.")
    strokes = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    longest = max(strokes.shape)
    box = SIDE if fills_image else BOX
    height, width = (max(1, round(box * side / longest)) for side in strokes.shape)
    scaled = _averages(strokes.shape[0], height) @ strokes @ _averages(strokes.shape[1], width).T
    bright = scaled * (255 / scaled.max())
    return np.rint(_in_the_middle(bright) if fills_image else _centred(bright)).astype(np.uint8)


def _smaller(picture: "Image") -> "Image":
    """Return the picture with sides of less than twice _DECODED_SIDE, in a mode other than 1 and P."""
    factor = max(1, max(picture.size) // _DECODED_SIDE)
    if picture.mode.startswith("I"):  # Pillow cannot average pixels of 16 bits
        return picture.resize([max(1, side // factor) for side in picture.size])
    if picture.mode in ("1", "P"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    return picture.reduce(factor)


def _grey(picture: "Image") -> NDArray[np.uint8]:
    """Return the grey levels of the picture on white."""
    from PIL import Image

    if picture.mode.startswith("I"):
        return np.clip(np.asarray(picture, np.float64) / 257, 0, 255).astype(np.uint8)
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    return np.asarray(picture.convert("L"))


def _ink(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each pixel differs from the background, towards dark on a light one. Noise is 0."""
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    background = np.median(border)
    difference = background - grey if background > 127 else grey - background
    strongest = difference.max()
    noise = np.percentile(np.abs(border - background), 100 - _STROKES_ON_BORDER)
    if strongest < _MIN_CONTRAST + noise:
        return np.zeros_like(grey)
    # Single noisy pixels would move the edges of the strokes. Pictures without noise keep their soft edges.
    faintest = max(3 * noise, _FAINT_IN_PHOTO * strongest) if noise else _FAINT * strongest
    return np.where(difference > faintest, difference, 0)


def _averages(length: int, scaled: int) -> NDArray[np.float64]:
    """Return the matrix (scaled, length) that averages a row of `length` pixels into `scaled` equal parts."""
    edges = np.arange(scaled + 1) * (length / scaled)
    first, last = edges[:-1, None], edges[1:, None]
    pixel = np.arange(length)[None]
    overlap = np.clip(np.minimum(last, pixel + 1) - np.maximum(first, pixel), 0, None)
    return overlap / overlap.sum(1, keepdims=True)


def _in_the_middle(strokes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the strokes in 28x28 pixels, with margins that differ by a pixel at most."""
    before = [(SIDE - length) // 2 for length in strokes.shape]
    return np.pad(strokes, [(one, SIDE - length - one) for one, length in zip(before, strokes.shape, strict=True)])


def _centred(strokes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the strokes in 28x28 pixels, moved by whole pixels so that their centre of mass is nearest to the middle.

    Strokes stay inside the image.
    """
    image = np.zeros((SIDE, SIDE))
    starts = []
    for axis, length in enumerate(strokes.shape):
        along = strokes.sum(1 - axis)
        centre = (along @ np.arange(length)) / along.sum()
        # MNIST's centre of mass is pixel 14, counted from 0.
        starts.append(int(np.clip(round(SIDE / 2 - centre), 0, SIDE - length)))
    top, left = starts
    image[top : top + strokes.shape[0], left : left + strokes.shape[1]] = strokes
    return image
