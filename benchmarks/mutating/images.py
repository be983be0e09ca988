"""Files of pictures, sound and damaged, through the check of a data set and through every reader."""
from __future__ import annotations

import io
import random
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from . import tiff as tif
from .case import Answer, Kind, Mutant, Operators, Verdict
from .damage import DAMAGES
from .pictures import FORMS, Picture, chunks, png_of, rgb, scene

HEADERS = Operators()
RIGHT, WRONG, EITHER = Verdict.RIGHT, Verdict.WRONG, Verdict.EITHER
#: Pixels in the header beyond which the small files here are wrong in any case.
CLAIMED = 20_000_000


class Draft:
    """A file whose header is changed; ``known``: it still stands for the picture's pixels, whatever decoders say."""

    def __init__(self, picture: Picture) -> None:
        self.picture, self.data, self.known = picture, picture.data, False


def mutant(chance: random.Random) -> tuple[Mutant, Picture, bytes]:
    """What it is, the sound picture and the bytes; its content is (pixels or None, tolerance)."""
    draw = chance.random()
    if draw < 0.3:
        name = chance.choice(list(FORMS))
        verdict, make = FORMS[name]
        picture = make(chance)
        known = None if verdict is WRONG else (picture.pixels, picture.tolerance)
        return Mutant(name, verdict, known), picture, picture.data
    name, picture = '', _sound(chance)
    if draw < 0.6:
        name, draft = chance.choice(list(HEADERS)), Draft(picture)
        verdict = HEADERS.apply(name, chance, draft)
        if verdict is WRONG:
            return Mutant(name, verdict), draft.picture, draft.data
        if draft.known:
            return Mutant(name, EITHER, (draft.picture.pixels, draft.picture.tolerance)), draft.picture, draft.data
        return Mutant(name, *judged(draft.data)), draft.picture, draft.data
    name = chance.choice(list(DAMAGES))
    data = DAMAGES[name](chance, picture.data)
    return Mutant(f'bytes: {name}', *judged(data)), picture, data


def _sound(chance: random.Random) -> Picture:
    return chance.choice([make for verdict, make in FORMS.values() if verdict is RIGHT])(chance)


def judged(data: bytes) -> tuple[Verdict, tuple[np.ndarray | None, float] | None]:
    """By Pillow, OpenCV and the check sums of a PNG: damaged where a strict one of them says so.

    The pixels are known where both decoders agree.
    """
    try:
        if data[:4] == b'\x89PNG':
            chunks(data)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            image = Image.open(io.BytesIO(data))
            if image.width * image.height > CLAIMED:
                return WRONG, None
            image.load()
        if image.format in ('JPEG', 'MPO') and b'\xff\xd9' not in data:
            return WRONG, None
    except Exception:  # decoders raise everything
        return WRONG, None
    theirs = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if theirs is None or image.mode not in ('1', 'L', 'P', 'RGB') or image.format == 'TIFF' or _may_turn(image):
        return EITHER, (None, 0)
    ours = np.array(image.convert('RGB')).astype(float)
    if ours.shape != theirs.shape or np.abs(ours - theirs[..., ::-1]).max() > 3:
        return EITHER, (None, 0)
    return EITHER, (ours, 3.5)


def _may_turn(image: Image.Image) -> bool:
    """Whether EXIF asks for a rotation, or is so damaged that nobody can know."""
    try:
        return image.getexif().get(0x0112, 1) != 1
    except Exception:
        return True


class ImageKind(Kind):
    """The training picture of a folder of good ones."""

    name = 'images'

    def prepare(self) -> None:
        """See :meth:`Kind.prepare`."""
        from mminspect.core.setup import setup
        setup()
        import anomaly_rd  # noqa: F401 (registers the components)
        import fdrd  # noqa: F401

    def make(self, chance: random.Random, folder: Path) -> Mutant:
        """See :meth:`Kind.make`."""
        made, picture, data = mutant(chance)
        (folder / 'train' / 'good').mkdir(parents=True)
        (folder / 'train' / 'good' / f'a{picture.suffix}').write_bytes(data)
        return made

    def attempt(self, folder: Path) -> Answer:
        """The check, then the readers of both trainings and of inspection, which must see the same."""
        from mminspect.runtime import CHECKS
        from mminspect.vision.image_sets import describe_training
        config = dict(type='anomaly_rd.FolderDataset', data_root=str(folder), split='train',
                      pipeline=[dict(type='LoadInspectionImage')])
        warned = tuple(text for check in CHECKS.of('data') for text in check(dict(config))
                       if text not in describe_training(1))  # which is so of every input here
        path = next((folder / 'train' / 'good').iterdir())
        seen = {name: np.asarray(read(path), float) for name, read in readers().items()}
        first = next(iter(seen.values()))
        apart = [name for name, pixels in seen.items() if not same(first, pixels, 0.01)]
        return Answer((first, apart), warned)

    def equal(self, expected: tuple[np.ndarray | None, float], found: tuple[np.ndarray, list[str]]) -> bool:
        """The pixels that the file stands for, in every reader; where nobody knows them, the same in all."""
        return not found[1] and (expected[0] is None or same(expected[0], found[0], expected[1]))


def same(ours: np.ndarray, theirs: np.ndarray, tolerance: float) -> bool:
    """Whether pixels are equal but for rounding."""
    return ours.shape == theirs.shape and bool(np.abs(ours - theirs).max() <= tolerance)


def readers() -> dict[str, Callable[[Path], np.ndarray]]:
    """(H, W, 3) RGB by every reader of files."""
    from anomaly_rd.datasets.transforms.load import LoadInspectionImage as ForAnomalies
    from fdrd.transforms.load_image import LoadInspectionImage as ForDetectors
    from mminspect.vision.reading import Reading
    return {'inspection': Reading().read,
            'anomaly training': lambda path: ForAnomalies().transform(dict(img_path=str(path)))['img'],
            'detector training': lambda path: ForDetectors().transform(dict(img_path=str(path)))['img'][..., ::-1]}


def _png(chance: random.Random, draft: Draft) -> list[tuple[bytes, bytes]]:
    """Chunks of a PNG in place of what the draft holds."""
    draft.picture = FORMS[chance.choice(['png 8 bit', 'png with palette', 'png 16 bit', 'png with alpha'])][1](chance)
    return chunks(draft.picture.data)


@HEADERS.add(WRONG)
def png_of_another_size(chance: random.Random, draft: Draft) -> None:
    parts = _png(chance, draft)
    size = [int.from_bytes(parts[0][1][at:at + 4], 'big') for at in (0, 4)]
    size[chance.randrange(2)] = chance.choice([0, size[0] + 200, 2**31 - 1, 2**32 - 1, 2**16])
    header = b''.join(side.to_bytes(4, 'big') for side in size) + parts[0][1][8:]
    draft.data = png_of([(b'IHDR', header), *parts[1:]])


@HEADERS.add(EITHER)
def png_of_another_depth(chance: random.Random, draft: Draft) -> None:
    parts = _png(chance, draft)
    header = bytearray(parts[0][1])
    header[chance.randrange(8, 13)] = chance.choice([0, 1, 2, 3, 4, 6, 7, 8, 16, 255])
    draft.data = png_of([(b'IHDR', bytes(header)), *parts[1:]])


@HEADERS.add(EITHER)
def png_without_a_part(chance: random.Random, draft: Draft) -> None:
    parts = _png(chance, draft)
    del parts[chance.randrange(len(parts))]
    draft.data = png_of(parts)


@HEADERS.add(EITHER)
def png_with_parts_in_another_order(chance: random.Random, draft: Draft) -> None:
    parts = _png(chance, draft)
    chance.shuffle(parts)
    draft.data = png_of(parts)


@HEADERS.add(EITHER)
def png_with_an_odd_part(chance: random.Random, draft: Draft) -> None:
    parts = _png(chance, draft)
    name = chance.choice([b'tEXt', b'zTXt', b'iCCP', b'eXIf', b'tRNS', b'PLTE', b'gAMA', b'acTL', b'XxXx', b'pHYs'])
    parts.insert(chance.randint(1, len(parts) - 1), (name, chance.randbytes(chance.choice([0, 1, 4, 9, 300]))))
    draft.data = png_of(parts)


@HEADERS.add(EITHER)
def jpeg_with_another_header(chance: random.Random, draft: Draft) -> None:
    draft.picture = FORMS['jpeg'][1](chance)
    data = bytearray(draft.picture.data)
    at = next(place for place in range(len(data)) if data[place] == 0xFF and data[place + 1] in (0xC0, 0xC2))
    place = chance.choice([at + 1, at + 4, at + 5, at + 6, at + 7, at + 8, at + 9, at + 10, at + 11, at + 12])
    data[place] = chance.choice([0, 1, 2, 3, 4, 8, 12, 16, 64, 255])
    draft.data = bytes(data)


@HEADERS.add(WRONG)
def jpeg_without_an_end(chance: random.Random, draft: Draft) -> None:
    draft.picture = FORMS['jpeg'][1](chance)
    draft.data = draft.picture.data[:chance.randint(len(draft.picture.data) // 2, len(draft.picture.data) - 3)]


@HEADERS.add(EITHER)
def exif_of_nonsense(chance: random.Random, draft: Draft) -> None:
    draft.picture = FORMS['jpeg'][1](chance)
    block = b'Exif\0\0' + chance.choice([b'', b'II*\0', chance.randbytes(40), b'MM\0*\0\0\0\x08\xff\xff' + bytes(60)])
    draft.data = b'\xff\xd8\xff\xe1' + (len(block) + 2).to_bytes(2, 'big') + block + draft.picture.data[2:]


@HEADERS.add(EITHER)
def tiff_with_another_tag(chance: random.Random, draft: Draft) -> None:
    pixels = scene(chance, chance.choice([1, 3]))
    tag = chance.choice([tif.WIDTH, tif.HEIGHT, tif.BITS, tif.COMPRESSION, tif.PHOTOMETRIC, tif.SAMPLES, tif.ROWS,
                         tif.COUNTS, tif.PLANAR, tif.FORMAT, tif.ORIENTATION, tif.OFFSETS])
    value = chance.choice([0, 1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 64, 255, 65535])
    draft.picture = Picture('.tif', b'', rgb(pixels))
    draft.data = tif.tiff(pixels, chance.choice('<>'), **{f't{tag}': (value, ) * chance.choice([1, 1, 2, 3])})
    # TIFF 6.0, page 80: of data that is declared as undefined (4) a reader treats the field as if it were not there,
    # that is as unsigned whole numbers. Pillow does not know such a file, which is no fault of the file
    draft.known = tag == tif.FORMAT and value == tif.UNDEFINED


@HEADERS.add(WRONG)
def no_picture(chance: random.Random, draft: Draft) -> None:
    draft.data = chance.choice([b'', b'\0' * 500, b'<html>', b'II*\0', b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n', b'BM',
                                b'RIFF\0\0\0\0WEBP', b'MM\0*\0\0\0\x08\0\0', b'%PDF-1.4', b'GIF89a', b'II*\0\x08\0\0\0',
                                b'II*\0\x08\0\0\0\x01\0' + b'\xff' * 40])
