"""Which images a command line means, and a name for each that no other has."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mminspect.core.errors import UserError
from mminspect.vision.images import IMAGE_EXTENSIONS


@dataclass(frozen=True)
class ImageFile:
    """An image to be inspected.

    Attributes:
        path: The path of the file.
        name: The path below the folder that was given, or below the common folder of everything given, with '/'.
    """

    path: Path
    name: str


def find_images(inputs: Sequence[str | Path], without: Sequence[Path] = ()) -> list[ImageFile]:
    """Images and the images in folders, with those of their sub-folders, sorted by name.

    Hidden files and folders and other extensions are left out; upper and lower case are the same. A file that is named
    twice comes once.

    Args:
        inputs: Files and folders.
        without: Folders that are left out: results may be written below the images, or beside them.

    Raises:
        UserError: Something does not exist, or there is no image.
    """
    places, others = [_absolute(item) for item in inputs], {_absolute(folder) for folder in without}
    paths = list(dict.fromkeys(path for place in places for path in _expanded(place, others)))
    if not paths:
        raise UserError(f'there is no image in {", ".join(map(str, inputs))} ({", ".join(IMAGE_EXTENSIONS)}): give '
                        'images, or a folder that holds some')
    root = os.path.commonpath([place if place.is_dir() else place.parent for place in places])
    images = [ImageFile(path, Path(os.path.relpath(path, root)).as_posix()) for path in paths]
    return sorted(images, key=lambda image: image.name)


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Each name without its suffix; in folders where two would then be alike, with it."""
    paths = [PurePosixPath(name) for name in names]
    stems = Counter(path.with_suffix('') for path in paths)
    crowded = {stem.parent for stem, count in stems.items() if count > 1}
    return {str(path): str(path if path.parent in crowded else path.with_suffix('')) for path in paths}


def _absolute(path: str | Path) -> Path:
    """Links are followed only where '..' would go astray without."""
    path = Path(path).absolute()
    return path.resolve() if '..' in path.parts else path


def _expanded(path: Path, without: Collection[Path]) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise UserError(f"image or folder '{path}' does not exist: check the path")
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith('.')
                      and Path(folder, name) not in without]
        yield from (Path(folder, name) for name in files
                    if not name.startswith('.') and Path(name).suffix.lower() in IMAGE_EXTENSIONS
                    and not _blocks(Path(folder, name)))


def _blocks(path: Path) -> bool:
    """Whether it is a pipe or a device, which reading waits for; a link to nothing is an image that is missing."""
    return os.path.exists(path) and not os.path.isfile(path)  # neither raises on a link to itself
