"""Which masks belong to which images."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mminspect.core.errors import UserError
from mminspect.vision.folders import list_tree
from mminspect.vision.images import IMAGE_EXTENSIONS

#: Tried in this order: '000_mask.png' and '000.png' both belong to the image '000'.
MASK_SUFFIXES = ('_mask', '')


def pair_masks(images: Sequence[Path], folder: Path, suffix: str | None = None,
               extensions: Sequence[str] = IMAGE_EXTENSIONS, root: Path | None = None) -> list[Path | None]:
    """The mask of each image by its place below the folder and its stem, never by its position; None where there is
    none.

    Args:
        images: Images of one folder and of those in it.
        folder: Their masks, in the same folders; it need not exist.
        suffix: What a mask's stem has behind the image's: '_mask', '' or another; None takes both of these two.
        extensions: Of the masks.
        root: Folder of the images; None: that of the first, for images that all lie directly in it.

    Raises:
        UserError: A mask without an image, two masks of one image, or two images of one stem.
    """
    root = root or (images[0].parent if images else folder)
    masks: dict[str, list[Path]] = {}
    for path in list_tree(folder, extensions, masks=True).images:
        masks.setdefault(_key(path, folder), []).append(path)
    suffixes = MASK_SUFFIXES if suffix is None else (suffix, )
    pairs = [_mask_of(image, root, masks, suffixes) for image in images]
    taken = set(pairs)
    orphans = [(key, path) for key, paths in masks.items() for path in paths if path not in taken]
    if orphans:
        key, path = orphans[0]
        wanted = next((key.removesuffix(s) for s in suffixes if s and key.endswith(s)), key)
        more = f' (and {len(orphans) - 1} more)' if len(orphans) > 1 else ''
        raise UserError(f"mask '{path}'{more} belongs to no image: there is no {wanted!r} among the {len(images)} "
                        f"images in '{root}', so rename or remove the mask")
    seen: set[Path] = set()
    for image, mask in zip(images, pairs, strict=True):
        if mask is not None and mask in seen:
            raise UserError(f"'{image}' and another image of that folder share the mask '{mask}': give images of one "
                            'folder different names')
        seen.update(() if mask is None else (mask, ))
    return pairs


def _key(path: Path, root: Path) -> str:
    """Path below ``root`` without the suffix."""
    place = path.relative_to(root)
    return (place.parent / place.stem).as_posix()


def check_mask_size(mask: str, shape: tuple[int, int], image: str, image_shape: tuple[int, int]) -> None:
    """Raise UserError if a mask of (H, W) ``shape`` is not as large as its image."""
    if tuple(shape) != tuple(image_shape):
        raise UserError(f"mask '{mask}' is {shape[1]}x{shape[0]}, but its image '{image}' is {image_shape[1]}x"
                        f'{image_shape[0]}: draw the mask on the image of full size')


def _mask_of(image: Path, root: Path, masks: dict[str, list[Path]], suffixes: Sequence[str]) -> Path | None:
    found = [path for suffix in suffixes for path in masks.get(_key(image, root) + suffix, ())]
    if len(found) > 1:
        raise UserError(f"image '{image}' has more than one mask, '{found[0]}' and '{found[1]}': remove all but one")
    return found[0] if found else None
