"""Types that describe where the images of a dataset come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class File:
    """One file of MNIST's format (IDX): its name and size in bytes, unpacked.

    `md5` is the checksum of the unpacked file; empty if it is not known. `packed_size` is the size of the published
    file, NAME.gz.
    """

    name: str
    size: int
    md5: str = ""
    packed_size: int = 0


@dataclass(frozen=True)
class Files:
    """The files of a dataset: pairs of an image file and its label file, in FOLDER/raw of HW5_DATA or of the cache.

    `torchvision_class` is the class of torchvision.datasets whose mirrors and checksums a download uses; without one,
    the files cannot be downloaded.
    """

    folder: str
    pairs: tuple[tuple[File, File], ...]
    torchvision_class: str | None = None

    def __iter__(self) -> Iterator[File]:
        return (file for pair in self.pairs for file in pair)

    def path(self, root: Path, file: File) -> Path:
        """Return the path of a file below a root folder, as torchvision lays it out."""
        return root / self.folder / "raw" / file.name

    def packed_path(self, root: Path, file: File) -> Path:
        """Return the path of the published file while it is downloaded below a root folder."""
        return root / self.folder / "raw" / f"{file.name}.gz"
