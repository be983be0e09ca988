"""Which images and masks lie in a folder."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mminspect.core.errors import UserError
from mminspect.vision.images import IMAGE_EXTENSIONS

#: Tried in this order: '000_mask.png' and '000.png' both belong to the image '000'.
MASK_SUFFIXES = ('_mask', '')


def list_images(folder: Path, extensions: Sequence[str] = IMAGE_EXTENSIONS) -> list[Path]:
    """Images directly in ``folder``, sorted by name; none where there is no such folder.

    Hidden files (as those that macOS leaves beside every file) and other extensions are left out; upper and lower case
    are the same.
    """
    wanted = {f".{extension.lower().lstrip('.')}" for extension in extensions}
    return [path for path in _visible(folder) if path.suffix.lower() in wanted and not path.is_dir()]


def list_folders(folder: Path) -> list[Path]:
    """Folders directly in ``folder``, sorted by name, without hidden ones; none where there is no such folder."""
    return [path for path in _visible(folder) if path.is_dir()]


def _visible(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if not path.name.startswith('.')), key=lambda path: path.name)


def pair_masks(images: Sequence[Path], folder: Path, suffix: str | None = None,
               extensions: Sequence[str] = IMAGE_EXTENSIONS) -> list[Path | None]:
    """The mask of each image by its stem, never by its position; None where there is none.

    Args:
        images: Images of one folder.
        folder: Their masks; it need not exist.
        suffix: What a mask's stem has behind the image's: '_mask', '' or another; None takes both of these two.
        extensions: Of the masks.

    Raises:
        UserError: A mask without an image, two masks of one image, or two images of one stem.
    """
    masks: dict[str, list[Path]] = {}
    for path in list_images(folder, extensions):
        masks.setdefault(path.stem, []).append(path)
    suffixes = MASK_SUFFIXES if suffix is None else (suffix, )
    pairs = [_mask_of(image, masks, suffixes) for image in images]
    taken = set(pairs)
    orphans = [path for paths in masks.values() for path in paths if path not in taken]
    if orphans:
        wanted = next((orphans[0].stem.removesuffix(s) for s in suffixes if s and orphans[0].stem.endswith(s)),
                      orphans[0].stem)
        raise UserError(f"mask '{orphans[0]}'{_more(orphans)} belongs to no image: there is no {wanted!r} among the "
                        f'{len(images)} images beside it, so rename or remove the mask')
    shared = [i for i, mask in enumerate(pairs) if mask is not None and mask in pairs[:i]]
    if shared:
        raise UserError(f"'{images[shared[0]]}' and another image of that folder share the mask '{pairs[shared[0]]}': "
                        'give images of one folder different names')
    return pairs


def check_mask_size(mask: str, shape: tuple[int, int], image: str, image_shape: tuple[int, int]) -> None:
    """Raise UserError if a mask of (H, W) ``shape`` is not as large as its image."""
    if tuple(shape) != tuple(image_shape):
        raise UserError(f"mask '{mask}' is {shape[1]}x{shape[0]}, but its image '{image}' is {image_shape[1]}x"
                        f'{image_shape[0]}: draw the mask on the image of full size')


def _mask_of(image: Path, masks: dict[str, list[Path]], suffixes: Sequence[str]) -> Path | None:
    found = [path for suffix in suffixes for path in masks.get(image.stem + suffix, ())]
    if len(found) > 1:
        raise UserError(f"image '{image}' has more than one mask, '{found[0]}' and '{found[1]}': remove all but one")
    return found[0] if found else None


def _more(paths: Sequence[Path]) -> str:
    return f' (and {len(paths) - 1} more)' if len(paths) > 1 else ''
