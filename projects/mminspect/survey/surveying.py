"""Look at all images of a config once, and say what is worth knowing before a training."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

from mminspect.core.config_entries import require_entries
from mminspect.core.errors import UserError
from mminspect.core.once import reading_once
from mminspect.runtime import dataloaders
from mminspect.runtime.data_sections import PARTS
from mminspect.vision.reading import Reading

from .comparing import Cue, Shift, cues_of, shifts_of
from .copies import Copies, find_copies, projection, sketch
from .findings import Finding, check_findings
from .items import Item, Listing
from .measures import Measures, measure
from .objects import ObjectSize, measure_objects
from .splits import Split, blame, list_splits
from .strides import smallest_stride

#: Pixels below which an object counts as small where the model tells no stride: that of the first features of ResNets.
DEFAULT_LIMIT = 4.0
#: Images that are measured between two steps of the progress.
_STEP = 64

Progress = Callable[[Iterable[tuple], int], Iterable[tuple]]


@dataclass
class SplitSurvey:
    """One split and what was measured of it.

    Attributes:
        split: Its images.
        measures: Of each image by its path; unreadable ones are not there.
        objects: All boxes and regions of masks.
        unreadable: (path, why) of images and masks.
    """

    split: Split
    measures: dict[str, Measures] = field(default_factory=dict)
    objects: list[ObjectSize] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the split."""
        return self.split.name

    def group(self, defective: bool) -> list[Measures]:
        """Figures of the images with, or without, something to find in them."""
        return [self.measures[item.path] for item in self.split.items
                if item.defective is defective and item.path in self.measures]


@dataclass
class Survey:
    """Everything that a report tells.

    Attributes:
        name: Of the config.
        findings: Errors and warnings of the checks, then those of this survey.
        splits: What was measured, by split.
        paths: All images, no file twice; what :attr:`copies` counts.
        copies: Which of them are the same picture.
        cues: By split, how well one number tells defective from good images.
        shifts: How the splits differ from the first one.
        stride: Smallest stride of the detector, in pixels of its input; None where the model tells none.
        limit: Objects below this (square root of the area behind resizing, pixels) count as small.
        readings: How each of ``paths`` is read.
        config: File of the config.
    """

    name: str
    findings: list[Finding]
    splits: list[SplitSurvey]
    stride: float | None
    limit: float
    paths: list[str] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    copies: Copies = field(default_factory=lambda: Copies([]))
    cues: dict[str, list[Cue]] = field(default_factory=dict)
    shifts: list[Shift] = field(default_factory=list)
    config: str = ''

    def reading_of(self, path: str) -> Reading:
        """How an image of any split is read."""
        return next((listing.reading for one in self.splits for item, listing in one.split.pairs if item.path == path),
                    Reading())


def survey(cfg: Config, name: str, limit: float | None = None, workers: int = 2,
           progress: Progress = lambda steps, total: steps) -> Survey:
    """Check, list, measure and compare the images of a config.

    Args:
        cfg: Of a training or test; no model is built.
        name: Of the config, for the report.
        limit: Side in pixels of the network's input below which objects count as small; by default the smallest stride
            of the detector, else :data:`DEFAULT_LIMIT`.
        workers: Threads that decode.
        progress: Goes through steps of which it is told the number.

    Raises:
        UserError: The config has no model or no data loader.
    """
    require_entries(cfg, 'model')
    if not dataloaders(cfg, PARTS):
        raise UserError(f'{cfg.filename} has no data loader ({", ".join(PARTS)}): name the config of a training')
    stride = smallest_stride(cfg.get('model') or {})
    with reading_once():
        findings, splits = check_findings(cfg), list_splits(cfg)
    blame(splits, findings)
    found = Survey(name, findings, list(map(SplitSurvey, splits)), stride, limit or stride or DEFAULT_LIMIT,
                   config=str(cfg.filename or ''))
    _measure(found, workers, progress)
    if not any(one.split.problem or one.unreadable for one in found.splits):  # all compared, and by more than bytes
        found.findings = [finding for finding in findings if not finding.compares]
    found.cues = {one.name: cues_of(one.group(False), one.group(True)) for one in found.splits
                  if one.group(False) and one.group(True)}
    found.shifts = shifts_of({one.name: one.group(False) or one.group(True) for one in found.splits})
    return found


@dataclass(frozen=True)
class _Result:
    """Of one file: figures and the small picture, or why there are none; objects, or why there are none."""

    figures: Measures | None = None
    small: NDArray[np.float32] | None = None
    objects: tuple[ObjectSize, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


def _measure(found: Survey, workers: int, progress: Progress) -> None:
    """Fill in the figures, objects and copies; a file in several splits is decoded once."""
    order: dict[str, list[tuple[SplitSurvey, Item, Listing]]] = {}
    for one in found.splits:
        for item, listing in one.split.pairs:
            order.setdefault(os.path.realpath(item.path), []).append((one, item, listing))
    sketches, digests = [], []
    matrix = projection()
    for results in progress(_results(list(order.values()), workers), -(-len(order) // _STEP)):
        readable = [(places, result) for places, result in results if result.figures is not None]
        for places, result in results:
            _enter(places, result)
        if readable:
            sketches.append(sketch(np.stack([result.small for _, result in readable]), matrix))
        for places, result in readable:
            digests.append(result.figures.digest)
            found.paths.append(places[0][1].path)
            found.readings.append(places[0][2].reading)
    if sketches:
        found.copies = find_copies(np.concatenate(sketches), digests, found.paths,
                                   [reading.read for reading in found.readings])


def _results(files: Sequence[list], workers: int) -> Iterator[list[tuple[list, _Result]]]:
    with ThreadPoolExecutor(workers) as pool:
        try:
            for part in (files[start:start + _STEP] for start in range(0, len(files), _STEP)):
                yield list(zip(part, pool.map(_look, part), strict=True))
        finally:
            pool.shutdown(cancel_futures=True)


def _look(places: list[tuple[SplitSurvey, Item, Listing]]) -> _Result:
    """Figures of one file, and the sizes of what is in it."""
    _, item, listing = places[0]
    try:
        figures, small = measure(item.path, listing.reading)
    except UserError as error:
        return _Result(problems=(_problem(item.path, error), ))
    return _Result(figures, small, *_objects(item, listing, figures))


def _objects(item: Item, listing: Listing, figures: Measures) -> tuple[tuple[ObjectSize, ...], tuple]:
    """Sizes of objects, or what is wrong with the mask."""
    try:
        return tuple(measure_objects(item, (figures.width, figures.height), listing)), ()
    except UserError as error:
        return (), (_problem(item.mask_path or item.path, error), )


def _problem(path: str, error: UserError) -> tuple[str, str]:
    return path, ' '.join(str(error).split())


def _enter(places: list[tuple[SplitSurvey, Item, Listing]], result: _Result) -> None:
    for number, (one, item, listing) in enumerate(places):
        objects, problems = result.objects, result.problems
        if number and result.figures is not None:  # other boxes, or another size of the network's input
            objects, problems = _objects(item, listing, result.figures)
        one.unreadable += problems
        one.objects += objects
        if result.figures is not None:
            one.measures[item.path] = result.figures
