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

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which people have the file: with a dash or a dot before "idx", unpacked or packed."""
        unpacked = dict.fromkeys((self.name, self.name.replace("-idx", ".idx")))
        return (*unpacked, *(f"{name}.gz" for name in unpacked))


@dataclass(frozen=True)
class Files:
    """The files of a dataset: pairs of an image file and its label file. `folder` is the dataset's own folder.

    `mirrors` are the addresses to which a download adds NAME.gz, in the order in which it tries them. Without one, the
    files cannot be downloaded.
    """

    folder: str
    pairs: tuple[tuple[File, File], ...]
    mirrors: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[File]:
        return (file for pair in self.pairs for file in pair)

    def path(self, root: Path, file: File) -> Path:
        """Return the path below a root folder to which a download writes the file. torchvision uses the same."""
        return root / self.folder / "raw" / file.name

    def folders(self, root: Path) -> tuple[Path, ...]:
        """Return the folders below a root folder in which people have the files, and the root folder itself."""
        return root / self.folder / "raw", root / self.folder, root / "raw", root
