"""Which images a command line means, and a name for each that no other has."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mminspect.core.errors import UserError
from mminspect.vision.folders import Listing, list_tree, told
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


@dataclass(frozen=True)
class Found:
    """What a command line means.

    Attributes:
        images: To be inspected, sorted by name.
        told: A line that says how many were taken and what was left out, by reason; None if nothing was.
    """

    images: list[ImageFile]
    told: str | None


def find_images(inputs: Sequence[str | Path], without: Sequence[Path] = ()) -> list[ImageFile]:
    """The images of :func:`search_images`."""
    return search_images(inputs, without).images


def search_images(inputs: Sequence[str | Path], without: Sequence[Path] = ()) -> Found:
    """Images and the images in folders, with those of their sub-folders, sorted by name.

    What is left out of folders is that of :func:`~mminspect.vision.folders.list_tree`: hidden files and folders, those
    of the system, masks, and other extensions. A file that is named twice comes once.

    Args:
        inputs: Files and folders.
        without: Folders that are left out: results may be written below the images, or beside them.

    Raises:
        UserError: Something does not exist, or there is no image.
    """
    places, others = [_absolute(item) for item in inputs], {_absolute(folder) for folder in without}
    found = Listing()
    for place in places:
        found.add(_expanded(place, others))
    paths = list(dict.fromkeys(found.images))
    line = told(len(paths), {reason: list(dict.fromkeys(left)) for reason, left in found.left.items()})
    if not paths:
        raise UserError(f'there is no image in {", ".join(map(str, inputs))} ({", ".join(IMAGE_EXTENSIONS)}): give '
                        f'images, or a folder that holds some{f" ({line})" if line else ""}')
    root = os.path.commonpath([place if place.is_dir() else place.parent for place in places])
    images = [ImageFile(path, Path(os.path.relpath(path, root)).as_posix()) for path in paths]
    return Found(sorted(images, key=lambda image: image.name), line)


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


def _expanded(path: Path, without: Collection[Path]) -> Listing:
    if path.is_file():
        return Listing([path])
    if not path.is_dir():
        raise UserError(f"image or folder '{path}' does not exist: check the path")
    return list_tree(path, without=without)
