"""Images of any bit depth as RGB of 0..255, and masks as 0 and 1; pixels as PNG.

Pillow decodes strictly: a truncated file is an error, where OpenCV fills the rest with grey. But it silently reduces
colour of 16 bits to 8, so those pixels are OpenCV's part.
"""
from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mminspect.core.errors import UserError, no_file

from .image_files import EXIF_ORIENTATION, large_images, loaded_size

#: Of files that folders of images are searched for, in order of preference where one name has several.
IMAGE_EXTENSIONS = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, KeyError, struct.error)  # what decoders raise on damaged data
_GREY = ('1', 'L', 'LA', 'La')
_TIFF_BITS = 258
#: From pixels that were turned by an orientation of EXIF back to those in the file.
_UNDO: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: np.fliplr, 3: lambda pixels: pixels[::-1, ::-1], 4: np.flipud, 5: lambda pixels: pixels.swapaxes(0, 1),
    6: np.rot90, 7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1), 8: lambda pixels: np.rot90(pixels, -1)}
#: Pixels that are converted at a time.
_BAND = 2**22


def read_image(path: str | Path, max_value: float | None = None, orientation: bool = True) -> np.ndarray:
    """Read a grey, RGB, RGBA (alpha is dropped) or palette image; of a TIFF with several pages the first.

    Args:
        path: PNG, JPEG, BMP, TIFF or WebP.
        max_value: Value of white in sources of more than 8 bits, 4095 for 12 bits stored in 16; larger ones are
            clipped. By default the largest that fits the source's bits; floating point needs it.
        orientation: Turn the image as its EXIF data asks for; False gives the pixels as they lie in the file.

    Returns:
        (H, W, 3) RGB: uint8 for sources of up to 8 bits, else float32 on the same scale of 0..255 (16 bits: / 257).

    Raises:
        UserError: The file is missing, damaged or no image, or holds numbers of unknown range.
    """
    pixels, white = _decode(path, orientation)
    return as_rgb(pixels, white if max_value is None else max_value, f"image '{path}'")


def read_mask(path: str | Path) -> np.ndarray:
    """Read a defect mask: (H, W) uint8, 1 where any channel but alpha is above 0 (JPEG, which blurs: above 127).

    A palette is applied first, so that black is 0 whatever its index.

    Raises:
        UserError: The file is missing, damaged or no image.
    """
    pixels, _ = _decode(path)
    marked = pixels > (127 if Path(path).suffix.lower() in ('.jpg', '.jpeg') else 0)
    return (marked.any(axis=2) if marked.ndim == 3 else marked).astype(np.uint8)


def image_shape(path: str | Path, orientation: bool = True) -> tuple[int, int]:
    """(H, W) of an image as :func:`read_image` gives it, from its header alone; raises UserError as that does."""
    with _opened(path) as image:
        return loaded_size(image, orientation)[::-1]


def as_rgb(pixels: np.ndarray, max_value: float | None = None, name: str = 'the image') -> np.ndarray:
    """An array as :func:`read_image` returns it.

    Args:
        pixels: (H, W) or (H, W, 1) grey, (H, W, 3) RGB or (H, W, 4) RGBA; uint8 is taken as it is.
        max_value: Value of white of other types; by default the type's largest, floating point needs it.
        name: For the message.

    Raises:
        UserError: Another shape, or values of unknown range or not finite.
    """
    if pixels.ndim not in (2, 3) or not pixels.size or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)):
        raise UserError(f'{name} has the shape {pixels.shape}: give (H, W), (H, W, 3) or (H, W, 4), none of them 0')
    if pixels.dtype != np.uint8:
        pixels = _scaled(pixels, max_value, name)
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_GRAY2RGB)
    return np.ascontiguousarray(pixels[..., :3])


def encode_png(pixels: np.ndarray, compression: int | None = None) -> bytes:
    """The bytes of a PNG file.

    Who writes them through Python's own file gets OSError from a full disk, where OpenCV's ``imwrite`` gives False.

    Args:
        pixels: (H, W) grey or (H, W, 3) blue-green-red, uint8.
        compression: 0 (fast) to 9 (small); by default OpenCV's choice.

    Raises:
        ValueError: OpenCV cannot encode such pixels.
    """
    options = [] if compression is None else [cv2.IMWRITE_PNG_COMPRESSION, compression]
    done, data = cv2.imencode('.png', pixels, options)
    if not done:
        raise ValueError(f'OpenCV cannot encode {pixels.dtype} pixels of the shape {pixels.shape} as PNG')
    return data.tobytes()


def _scaled(pixels: np.ndarray, max_value: float | None, name: str) -> np.ndarray:
    """Values of 0..max_value as float32 of 0..255."""
    if max_value is None and pixels.dtype == np.uint16:
        max_value = 65535
    if max_value is None:
        raise UserError(f'{name} holds {pixels.dtype} numbers, whose value of white is not known: save it with 16 '
                        'bits, or give max_value to LoadInspectionImage')
    values = pixels.astype(np.float32) / np.float32(max_value / 255)
    if not np.isfinite(values).all():
        raise UserError(f'{name} holds NaN or infinite values: repair or remove it')
    return np.clip(values, 0, 255)


def _decode(path: str | Path, orientation: bool = True) -> tuple[np.ndarray, float | None]:
    """Pixels (H, W) or (H, W, 3) in the file's own type, and the value of white where the file says it."""
    with _opened(path) as image:
        bits = _bits(image, path)
        # Pillow and OpenCV turn a TIFF in any case
        undo = _UNDO.get(image.tag_v2.get(EXIF_ORIENTATION)) if image.format == 'TIFF' and not orientation else None
        if bits > 8 and image.mode in ('RGB', 'RGBA'):
            image.load()  # for its strictness
            pixels, white = _decode_deep_colour(path, orientation), 2 ** bits - 1
        else:
            pixels, white = _decode_with_pillow(image, bits, orientation)
        return (undo(pixels) if undo else pixels), white


def _decode_with_pillow(image: Image.Image, bits: int, orientation: bool) -> tuple[np.ndarray, float | None]:
    if orientation:
        ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith('I') or image.mode == 'F':
        return _array(image, image.mode), 2 ** bits - 1 if 8 < bits <= 16 else None
    return _array(image, 'L' if image.mode in _GREY else 'RGB'), 255


def _array(image: Image.Image, mode: str) -> np.ndarray:
    """Pixels in a mode, by bands: Pillow's conversion and NumPy's reading of a whole scan hold four copies of it."""
    width, height = image.size
    rows = max(1, _BAND // width)
    pixels = None
    for y in range(0, height, rows):
        band = image if rows >= height else image.crop((0, y, width, min(y + rows, height)))
        band = np.asarray(band if band.mode == mode else band.convert(mode))
        if pixels is None:
            pixels = np.empty((height, *band.shape[1:]), band.dtype)
        pixels[y:y + rows] = band
    return pixels


def _bits(image: Image.Image, path: str | Path) -> int:
    """Bits of one channel: Pillow's mode does not tell for colour."""
    if image.format == 'TIFF':
        return max(image.tag_v2.get(_TIFF_BITS, (1, )))
    if image.format == 'PNG':
        with open(path, 'rb') as file:
            return file.read(25)[24]
    return 0


def _decode_deep_colour(path: str | Path, orientation: bool) -> np.ndarray:
    as_it_lies = 0 if orientation else cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR | as_it_lies)
    if pixels is None:
        raise ValueError('OpenCV cannot decode it')
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


@contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    """The image, with what goes wrong in one sentence.

    Pillow gets a file, not a path: it would map an uncompressed TIFF into memory, and mix up its sides where the TIFF's
    orientation turns it by a quarter (version 13.0).
    """
    try:
        with large_images(), warnings.catch_warnings(), open(path, 'rb') as file:
            warnings.simplefilter('ignore')  # remarks about damaged tags
            with Image.open(file) as image:
                yield image
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise no_file(f"image '{path}'", path) from error
    except PermissionError as error:
        raise UserError(f"image '{path}' may not be read: change its rights") from error
    except UnidentifiedImageError as error:
        raise UserError(f"'{path}' is not an image, or one of an unusual kind such as colour in floating point: save "
                        'it as PNG or TIFF of 8 or 16 bits') from error
    except (*_DAMAGED, Image.DecompressionBombError) as error:
        raise UserError(f"image '{path}' cannot be decoded ({error}): replace or remove it") from error
