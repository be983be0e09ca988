"""Foreign textures for synthetic defects: drawn by rule, from the images themselves, or from a folder."""
from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.core.options import check_option
from mminspect.vision.folders import list_tree
from mminspect.vision.images import IMAGE_EXTENSIONS
from mminspect.vision.reading import Reading

from .perlin import perlin_noise

#: Images of the training that a worker process remembers.
MEMORY = 16
KINDS = ('procedural', 'self', 'folder')


class TextureSource:
    """Gives textures of any size.

    Published protocols take the Describable Textures Dataset, which has to be downloaded: name its folder, and rows of
    tables say so. Without it textures are procedural (noise, gratings, cells, discs, stains in random colours), or
    another training image, strongly changed.

    Args:
        kinds: ``'procedural'``, ``'self'``, ``'folder'``; each draw takes one of them.
        folder: Of pictures for ``'folder'``, with those in folders below.

    Raises:
        UserError: Unknown kinds, or there is no picture in the folder.
    """

    def __init__(self, kinds: Sequence[str] = ('procedural', 'self'), folder: str | None = None) -> None:
        if not kinds:
            raise UserError(f"textures.kinds is empty: name one or several of {', '.join(KINDS)}")
        for kind in kinds:
            check_option('textures.kinds', kind, KINDS)
        if ('folder' in kinds) != (folder is not None):
            raise UserError("textures.folder and the kind 'folder' belong together: give both or none")
        self.kinds, self.folder = tuple(kinds), folder
        self.paths = list_tree(Path(folder), IMAGE_EXTENSIONS).images if folder is not None else []
        if folder is not None and not self.paths:
            raise UserError(f"textures.folder '{folder}' holds no picture: correct the path, or take other kinds")
        self._seen: deque[NDArray[np.uint8]] = deque(maxlen=MEMORY)

    def draw(self, image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
        """A texture (H, W, 3) of the size of ``image``, RGB of 0..255; remembers the image."""
        kind = self.kinds[int(random.integers(len(self.kinds)))]
        seen = self._seen[int(random.integers(len(self._seen)))] if self._seen else image
        self._seen.append(image)
        if kind == 'self':
            return changed(_resized(seen, image.shape[:2]), random)
        if kind == 'folder':
            path = self.paths[int(random.integers(len(self.paths)))]
            return _resized(Reading().read(str(path)), image.shape[:2])
        return procedural(image.shape[:2], random)


def _resized(picture: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    return cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_LINEAR) if picture.shape[:2] != shape else picture


def changed(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Another view of an image: turned by quarters, mirrored, shuffled in blocks, with channels and values changed."""
    image = np.rot90(image, int(random.integers(4))) if image.shape[0] == image.shape[1] else image
    image = image[::-1] if random.random() < 0.5 else image
    image = _shuffled(image, 2**int(random.integers(0, 4)), random)
    image = image[..., random.permutation(3)].astype(np.float32)
    factor, shift = random.uniform(0.5, 1.5), random.uniform(-60, 60)
    image = (255 - image if random.random() < 0.5 else image) * factor + shift
    return np.clip(image, 0, 255).astype(np.uint8)


def _shuffled(image: NDArray[np.uint8], count: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """``count`` x ``count`` blocks in another order; what does not fit into whole blocks stays."""
    height, width = (side // count for side in image.shape[:2])
    if count == 1 or not height or not width:
        return image
    inner = image[:height * count, :width * count]
    blocks = inner.reshape(count, height, count, width, 3).swapaxes(1, 2).reshape(count**2, height, width, 3)
    blocks = blocks[random.permutation(count**2)].reshape(count, count, height, width, 3).swapaxes(1, 2)
    image = image.copy()
    image[:height * count, :width * count] = blocks.reshape(inner.shape)
    return image


def procedural(shape: tuple[int, int], random: np.random.Generator) -> NDArray[np.uint8]:
    """A texture (H, W, 3) of one of six kinds in two to four random colours."""
    kinds = (spectral_noise, octaves, gratings, cells, dead_leaves, stains)
    values = kinds[int(random.integers(len(kinds)))](shape, random)
    low, high = values.min(), values.max()
    values = (values - low) / max(high - low, 1e-6)
    colours = random.integers(0, 256, (int(random.integers(2, 5)), 3))
    places = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(values, places, colours[:, channel]) for channel in range(3)], 2).astype(np.uint8)


def spectral_noise(shape: tuple[int, int], random: np.random.Generator) -> NDArray[np.floating]:
    """Noise whose spectrum falls as 1 / f^b, b from 0.5 to 3."""
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None])
    frequency[0, 0] = 1
    white = np.fft.rfft2(random.standard_normal(shape))
    return np.fft.irfft2(white / frequency**random.uniform(0.5, 3), shape)


def octaves(shape: tuple[int, int], random: np.random.Generator) -> NDArray[np.floating]:
    """Four octaves of Perlin noise."""
    padded = tuple(-(-side // 32) * 32 for side in shape)
    total = sum(perlin_noise(padded, (2**k, 2**k), random) / 2**(k - 2) for k in range(2, 6))
    return total[:shape[0], :shape[1]]


def gratings(shape: tuple[int, int], random: np.random.Generator) -> NDArray[np.floating]:
    """One to three sines of any angle with periods of 3 to 40 pixels, as they are or cut off to stripes."""
    y, x = np.mgrid[:shape[0], :shape[1]]
    total = np.zeros(shape)
    for _ in range(int(random.integers(1, 4))):
        angle, period, phase = random.uniform(0, np.pi), random.uniform(3, 40), random.uniform(0, 2 * np.pi)
        wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period + phase)
        total += np.where(wave > random.uniform(-0.7, 0.7), 1.0, -1.0) if random.random() < 0.5 else wave
    return total


def cells(shape: tuple[int, int], random: np.random.Generator) -> NDArray[np.floating]:
    """Cells around 20 to 400 seeds, each of one value."""
    seeds = random.uniform(0, shape, (int(random.integers(20, 401)), 2))
    canvas = np.full(shape, 255, np.uint8)
    canvas[seeds[:, 0].astype(int), seeds[:, 1].astype(int)] = 0
    _, labels = cv2.distanceTransformWithLabels(canvas, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    return random.random(int(labels.max()) + 1)[labels]


def dead_leaves(shape: tuple[int, int], random: np.random.Generator) -> NDArray[np.floating]:
    """Discs over discs, small ones more often: radii fall as a power."""
    canvas = np.zeros(shape, np.float32)
    for _ in range(200):
        radius = int(3 / max(random.random(), 3 / max(shape))**0.7)
        centre = int(random.integers(shape[1])), int(random.integers(shape[0]))
        cv2.circle(canvas, centre, radius, float(random.random()), -1)
    return canvas


def stains(shape: tuple[int, int], random: np.random.Generator) -> NDArray[np.floating]:
    """Noise cut off at a threshold and blurred."""
    values = spectral_noise(shape, random)
    cut = (values > np.quantile(values, random.uniform(0.3, 0.9))).astype(np.float32)
    return cv2.GaussianBlur(cut, (0, 0), random.uniform(0.5, 4))
