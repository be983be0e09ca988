"""Which images ask, by EXIF, to be turned: boxes may have been drawn on the pixels as they lie in the file."""
from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from .image_files import EXIF_ORIENTATION, large_images

#: Suffixes of formats that carry EXIF data.
_FORMATS = ('.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.tif', '.tiff')


def is_turned(path: str | Path) -> bool:
    """Whether the file asks to be turned or mirrored; from its header, False where it cannot be read."""
    if Path(path).suffix.lower() not in _FORMATS:
        return False
    try:
        with large_images(), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            with Image.open(path) as image:
                if image.format == 'TIFF':
                    return image.tag_v2.get(EXIF_ORIENTATION, 1) in range(2, 9)
                return 'exif' in image.info and image.getexif().get(EXIF_ORIENTATION, 1) in range(2, 9)
    except Exception:  # the check of the image tells what is wrong with it
        return False


def orientation_warnings(paths: Iterable[str | Path], applied: bool, drawn: str = 'boxes') -> list[str]:
    """One warning that counts the images with an orientation, or none.

    Args:
        paths: Of the images.
        applied: Whether they are turned when they are read (``orientation`` of the loader).
        drawn: What was drawn on them, for the message.
    """
    paths = list(paths)
    turned = [str(path) for path in paths if is_turned(path)]
    if not turned:
        return []
    count = f'{len(turned)} of {len(paths)} images carry an EXIF orientation'
    first = f"(first: {', '.join(turned[:3])})"
    if applied:
        return [f'{count} and are turned when they are read {first}: where the {drawn} were drawn on the pixels as '
                'they lie in the file, set orientation=False in the loader of images']
    return [f'{count} and are not turned when they are read, because of orientation=False {first}: where the {drawn} '
            'were drawn on the turned images, as most viewers show them, take it out']
