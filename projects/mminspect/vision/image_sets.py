"""What is odd about the images of a data set as a whole: nothing that forbids a training, all of it worth a line."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mminspect.core.errors import UserError

from .image_files import ImageProbe
from .images import largest_value
from .reading import LOADERS, Reading

#: Steps of pipelines that read images otherwise than the project, by the end of their name.
FOREIGN_LOADERS = ('LoadImageFromFile', )
#: Largest values of cameras whose numbers are stored in 16 bits.
_CAMERAS = (1023, 4095)
#: Deep images that are looked at for the largest value.
_LOOKED_AT = 100
#: Pixels of a side below which an image is a line or a dot.
_LEAST_SIDE = 2


def describe_images(paths: Sequence[str | Path], probes: Sequence[ImageProbe], reading: Reading,
                    drawn: str = 'boxes') -> list[str]:
    """Warnings: images that are turned by EXIF, those of one pixel or one row, and images of 10 or 12 bits in 16 whose
    white is not declared.

    Args:
        paths: Of the images.
        probes: What :func:`~mminspect.vision.image_files.probe_image` says of them, none with a problem.
        reading: How they are read.
        drawn: What was drawn on them, for the message.
    """
    pairs = list(zip(paths, probes, strict=True))
    turned = [str(path) for path, probe in pairs if probe.orientation != 1]
    return [*_turned(turned, len(pairs), reading.orientation, drawn), *_lines(pairs),
            *_dark([path for path, probe in pairs if probe.bits == 16], reading)]


def describe_training(count: int) -> list[str]:
    """A warning where a training has a single image, of which nothing can be learnt that others have too."""
    return [] if count != 1 else [
        'the training has one image: a model of it knows this one part and no other; give it more (50 good images, or '
        'as many with objects, are a beginning)']


def _lines(pairs: Sequence[tuple[str | Path, ImageProbe]]) -> list[str]:
    """Images on which nothing can be seen."""
    found = [(path, probe) for path, probe in pairs
             if not probe.problem and min(probe.size) < _LEAST_SIDE]
    if not found:
        return []
    path, probe = found[0]
    return [f"{len(found)} of {len(pairs)} images are one pixel wide or high (first: '{path}' has "
            f'{probe.size[0]}x{probe.size[1]}) and are enlarged to what the model takes: take them out, or copy them '
            'again from their source']


def _turned(turned: Sequence[str], total: int, applied: bool, drawn: str) -> list[str]:
    """Boxes or masks may have been ``drawn`` on the pixels as they lie in the file, or on those that are ``turned``."""
    if not turned:
        return []
    count = f'{len(turned)} of {total} images carry an EXIF orientation'
    first = f"(first: {', '.join(turned[:3])})"
    if applied:
        return [f'{count} and are turned when they are read {first}: where the {drawn} were drawn on the pixels as '
                'they lie in the file, set orientation=False in the loader of images']
    return [f'{count} and are not turned when they are read, because of orientation=False {first}: where the {drawn} '
            'were drawn on the turned images, as most viewers show them, take it out']


def _dark(paths: Sequence[str | Path], reading: Reading) -> list[str]:
    """Values of a set are looked at until one is too large for a camera of 12 bits: that is the first, usually."""
    if not paths or reading.max_value is not None:
        return []
    chosen = paths[::-(-len(paths) // _LOOKED_AT)]  # evenly
    largest = 0.0
    for path in chosen:
        largest = max(largest, largest_value(path))
        if largest > _CAMERAS[-1]:
            return []
    white = next(value for value in _CAMERAS if largest <= value)
    return [f'none of {len(chosen)} images with 16 bits has a value above {white}, as if a camera of '
            f'{white.bit_length()} bits had taken them, so that they are almost black: set max_value={white} in '
            f'LoadInspectionImage if that is its white (first: {paths[0]})']


def refuse_other_readers(steps: Iterable[Mapping[str, Any]], paths: Sequence[str | Path],
                         probes: Sequence[ImageProbe]) -> None:
    """Raise UserError if a pipeline reads by a loader that shows some of these images otherwise than the inspection.

    Args:
        steps: A pipeline's config.
        paths: Of the images.
        probes: What :func:`~mminspect.vision.image_files.probe_image` says of them.
    """
    names = [str(step.get('type')).split('.')[-1] for step in steps if isinstance(step, Mapping)]
    loader = next((name for name in names if name in (*LOADERS, *FOREIGN_LOADERS)), None)
    if loader not in FOREIGN_LOADERS:
        return
    odd = [path for path, probe in zip(paths, probes, strict=True) if not probe.common]
    if odd:
        raise UserError(f"'{odd[0]}'{f' (and {len(odd) - 1} more)' if len(odd) > 1 else ''} is of a kind that {loader} "
                        'shows otherwise than the inspection does (more than 8 bits, CMYK, an unusual form): put '
                        'LoadInspectionImage in its place in the pipeline')
