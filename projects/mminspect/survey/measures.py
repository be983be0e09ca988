"""What can be said of an image without knowing what is on it, from one decoding of its file."""
from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mminspect.core.errors import UserError
from mminspect.vision.decoding import DAMAGED, QUARTERS, large_images, open_image, read_header
from mminspect.vision.jpeg import ends_early
from mminspect.vision.reading import Reading
from mminspect.vision.tiff import BLACK_IS_ZERO, CMYK, PHOTOMETRIC, WHITE_IS_ZERO, turned
from mminspect.vision.unusual import UnsoundImageError, UnusualImageError

#: Side, in pixels, of the small picture by which images are compared.
SIDE = 128
#: Images with more pixels are measured at a half, a quarter or an eighth of each side.
MANY_PIXELS = 4 * 2**20
_COLOURS = {'1': 'grey', 'L': 'grey', 'LA': 'grey with alpha', 'P': 'palette', 'RGBA': 'colour with alpha',
            'CMYK': 'CMYK'}
_TIFF_COLOURS = {WHITE_IS_ZERO: 'grey', BLACK_IS_ZERO: 'grey', CMYK: 'CMYK'}


@dataclass(frozen=True)
class Measures:
    """Figures of one file.

    Attributes:
        path: Of the file.
        digest: Of its bytes.
        file_bytes: Its length.
        suffix: Of its name, in lower case.
        kind: The format that its content is of: 'PNG', 'JPEG'...
        width: In pixels, as it is read.
        height: Likewise.
        bits: Of a channel.
        colour: 'grey', 'colour', 'palette'...
        orientation: 1..8, what its EXIF data asks for; 1 where it asks for nothing.
        mean: Of its grey values, 0..255.
        contrast: Their standard deviation.
        sharpness: The variance of their Laplacian.
    """

    path: str
    digest: str
    file_bytes: int
    suffix: str
    kind: str
    width: int
    height: int
    bits: int
    colour: str
    orientation: int
    mean: float
    contrast: float
    sharpness: float


def measure(path: str, reading: Reading) -> tuple[Measures, NDArray[np.float32]]:
    """Figures of an image, and its grey values at :data:`SIDE` x :data:`SIDE` (averages over areas, 0..255).

    Grey is Rec. 601's luma. JPEGs are decoded to their luma alone, which spares half of the time.

    Raises:
        UserError: The file is missing, damaged, or of a form that the pipeline would not read either.
    """
    header, data = _header(path)
    turn = header['orientation'] if reading.orientation else 1
    grey = _quick_luma(data, turn) if header['kind'] in ('JPEG', 'MPO') else None
    if grey is None:
        pixels = reading.read(path)
        header.update(width=pixels.shape[1], height=pixels.shape[0])
        grey = _reduced(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    elif turn in QUARTERS:
        header.update(width=header['height'], height=header['width'])
    mean, deviation = cv2.meanStdDev(grey)
    edges = cv2.Laplacian(grey, cv2.CV_16S if grey.dtype == np.uint8 else cv2.CV_32F)
    figures = Measures(**header, mean=float(mean), contrast=float(deviation),
                       sharpness=float(cv2.meanStdDev(edges)[1]) ** 2)
    return figures, shrink(grey)


def shrink(pixels: NDArray) -> NDArray[np.float32]:
    """Pixels (H, W) or (H, W, C) at :data:`SIDE` x :data:`SIDE`, averages over areas, not rounded."""
    return cv2.resize(pixels.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _header(path: str) -> tuple[dict, bytes]:
    """What the file says of itself, and its bytes."""
    try:
        data = Path(path).read_bytes()
        with open(path, 'rb') as file:
            header = read_header(file, orientation=False)
            with open_image(file) as (image, tiff):
                colour = _TIFF_COLOURS.get(tiff.one(PHOTOMETRIC, BLACK_IS_ZERO), 'colour') if image is None else (
                    _COLOURS.get(image.mode, 'grey' if image.mode[0] in 'IF' else 'colour'))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise UserError('is missing') from error
    except PermissionError as error:
        raise UserError('may not be read') from error
    except UnusualImageError as error:
        raise UserError(f'is of an unusual kind ({error})') from error
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise UserError('is no image that can be read') from error
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return dict(path=str(path), digest=digest, file_bytes=len(data), suffix=Path(path).suffix.lower(), colour=colour,
                kind=header.kind, width=header.size[0], height=header.size[1], bits=header.bits,
                orientation=header.orientation), data


def _divisor(pixels: int) -> int:
    return next((d for d in (1, 2, 4) if pixels <= MANY_PIXELS * d * d), 8)


def _reduced(grey: NDArray) -> NDArray:
    """As the decoder of JPEG reduces: averages over squares."""
    divisor = _divisor(grey.size)
    if divisor == 1:
        return grey
    return cv2.resize(grey, (grey.shape[1] // divisor, grey.shape[0] // divisor), interpolation=cv2.INTER_AREA)


def _quick_luma(data: bytes, turn: int) -> NDArray[np.uint8] | None:
    """The luma of a JPEG, turned as an orientation of EXIF asks for; None for one of another kind, such as CMYK."""
    try:
        with large_images(), warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=['JPEG']) as image:
            warnings.simplefilter('ignore')
            if image.mode not in ('L', 'RGB'):
                return None
            divisor = _divisor(image.width * image.height)
            image.draft('L', (image.width // divisor, image.height // divisor))
            image.load()
            grey = np.asarray(image if image.mode == 'L' else image.convert('L'))
            if ends_early(data, grey[-1:, -1:]):
                raise UnsoundImageError('its end is missing')
            return np.ascontiguousarray(turned(grey, turn))
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise UserError(f'cannot be decoded ({error})') from error
