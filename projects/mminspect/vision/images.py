"""Images of any bit depth as RGB of 0..255, and masks as 0 and 1; pixels as PNG."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from mminspect.core.errors import UserError, no_file

from .decoding import DAMAGED, Decoded, decode, read_header
from .unusual import UnusualImageError

#: Of files that folders of images are searched for, in order of preference where one name has several.
IMAGE_EXTENSIONS = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp', '.jfif', '.jpe', '.jp2')


def read_image(path: str | Path, max_value: float | None = None, orientation: bool = True) -> np.ndarray:
    """Read a grey, RGB, CMYK or palette image (alpha is dropped); of a TIFF with several pages the first.

    Args:
        path: PNG, JPEG, BMP, TIFF, WebP or JPEG 2000; the content decides, not the name.
        max_value: Value of white in sources of more than 8 bits, 4095 for 12 bits stored in 16; larger values are
            clipped to it and negative ones to 0. By default the largest that the file's bits take, where they are
            unsigned and at most 16; signed, 32-bit and floating-point numbers need it (1.0 where white is 1).
        orientation: Turn the image as its EXIF data asks for; False gives the pixels as they lie in the file.

    Returns:
        (H, W, 3) RGB: uint8 for sources of up to 8 bits, else float32 on the same scale of 0..255 (16 bits: / 257).

    Raises:
        UserError: The file is missing, damaged or no image, or holds numbers of unknown range.
    """
    return to_rgb(_decode(path, orientation), max_value, f"image '{path}'")


def to_rgb(decoded: Decoded, max_value: float | None, name: str) -> np.ndarray:
    """What :func:`read_image` makes of the numbers in a file; raises as :func:`as_rgb`."""
    pixels = as_rgb(decoded.pixels, decoded.white if max_value is None else max_value, name)
    return pixels.dtype.type(255) - pixels if decoded.white_is_zero else pixels


def read_mask(path: str | Path) -> np.ndarray:
    """Read a defect mask: (H, W) uint8, 1 where any channel but alpha is above 0 (of files that blur edges, such as
    JPEG: above 127). The content of the file decides on its kind, not its name.

    A palette is applied first, so that black is 0 whatever its index.

    Raises:
        UserError: The file is missing, damaged or no image.
    """
    decoded = _decode(path)
    if decoded.white_is_zero:
        pixels = to_rgb(decoded, None, f"mask '{path}'")[..., :1]
    else:
        pixels = decoded.pixels
    marked = pixels > (127 if decoded.lossy else 0)
    return (marked.any(axis=2) if marked.ndim == 3 else marked).astype(np.uint8)


def largest_value(path: str | Path) -> float:
    """The largest number of an image, as it stands in the file; raises UserError as :func:`read_image`."""
    return float(_decode(path).pixels.max())


def image_shape(path: str | Path, orientation: bool = True) -> tuple[int, int]:
    """(H, W) of an image as :func:`read_image` gives it, from its header alone; raises UserError as that does."""
    with _opened(path) as file:
        return read_header(file, orientation).size[::-1]


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
                        'unsigned bits, or give max_value to LoadInspectionImage')
    with np.errstate(all='ignore'):  # what is too large becomes infinite, which is told
        values = pixels.astype(np.float32) / np.float32(max_value / 255)
    if not np.isfinite(values).all():
        raise UserError(f'{name} holds NaN or infinite values: repair or remove it')
    return np.clip(values, 0, 255)


def _decode(path: str | Path, orientation: bool = True) -> Decoded:
    with _opened(path) as file:
        return decode(file, orientation)


@contextmanager
def _opened(path: str | Path) -> Iterator[BinaryIO]:
    """The file, with what goes wrong in one sentence."""
    try:
        with open(path, 'rb') as file:
            yield file
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise no_file(f"image '{path}'", path) from error
    except PermissionError as error:
        raise UserError(f"image '{path}' may not be read: change its rights") from error
    except UnidentifiedImageError as error:
        raise UserError(f"'{path}' is not an image, or one of an unusual kind: save it as PNG or TIFF of 8 or 16 bits"
                        ) from error
    except UnusualImageError as error:
        raise UserError(f"image '{path}' is of an unusual kind ({error}): save it as PNG or TIFF, grey or RGB, of 8 or "
                        '16 bits') from error
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise UserError(f"image '{path}' cannot be decoded ({error}): replace or remove it") from error
