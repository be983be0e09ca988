"""What a model says about normal images: the threshold on scores and the colour scales of maps.

A colour scale belongs to the data set, never to one image: scaled image by image, the map of a good part is as red as
that of a bad one.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mminspect.core import stored
from mminspect.core.errors import UserError

from .normal_scores import NormalScores
from .threshold import Threshold


@dataclass(frozen=True)
class MapScale:
    """Values of one kind of map on normal images.

    Attributes:
        low: The smallest value of all their pixels; the lower end of the colour scale.
        limit: The threshold's rule applied to the largest value of each map: the upper end of the normal range, and
            the middle of the colour scale, so that normal pixels have cold colours and anomalous ones warm colours.
    """

    low: float
    limit: float

    @property
    def high(self) -> float:
        """Upper end of the colour scale; larger values have its colour."""
        return self.low + 2 * max(self.limit - self.low, 1e-6)

    def steps(self, heat: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Places of a map's values on the colour scale: 0 at ``low`` and below (and for NaN), 255 at ``high`` and
        above."""
        return np.nan_to_num(np.clip((heat - self.low) * (255 / (self.high - self.low)), 0, 255)).astype(np.uint8)

    def steps_above(self, heat: NDArray[np.float32]) -> NDArray[np.uint8]:
        """What an overlay shows: places on the colour scale, 128..255, of values above ``limit``, and 0 of all others
        (and of NaN), where the picture stays as it is."""
        return np.where(heat > self.limit, np.maximum(self.steps(heat), 128), 0).astype(np.uint8)


@dataclass(frozen=True)
class Calibration:
    """What is fitted on normal images and kept in checkpoints and exported files.

    Attributes:
        threshold: Largest image score of a good part.
        fused: Scale of the anomaly map; its ``limit`` is the threshold on pixels. None for a detector.
        levels: Scales of the maps of single levels.
        scores: Scores of the images that all this was fitted on, to change the threshold by; None in older files.
        settings: Settings of the model, by name, that its maps depend on besides its weights; empty where unknown.
        tile: Side in pixels of the tiles that each image was cut into, whose largest score counts. The more tiles, the
            higher the largest score of a good part. 0: images were not cut; None: nobody said how, each image went
            through the network by itself, and was perhaps a tile of a larger one.
        overlap: That neighbouring tiles had at least, in pixels; None without tiles.
    """

    threshold: Threshold
    fused: MapScale | None = None
    levels: tuple[MapScale, ...] = ()
    scores: NormalScores | None = None
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)
    tile: int | None = None
    overlap: int | None = None

    def differences(self, settings: Mapping[str, str], defaults: Mapping[str, str] | None = None) -> list[str]:
        """How a model's settings differ from those that this was fitted with, in words; none where nobody noted them.

        A threshold on maps that are put together in another way means nothing.

        Args:
            settings: Of the model.
            defaults: Values of settings that nobody has changed; one that was not noted, because it came later, had its
                default.
        """
        settings = {name: value for name, value in settings.items()
                    if name in self.settings or value != (defaults or {}).get(name)}
        return [f'{name} is {settings.get(name, "not there")}, was {self.settings.get(name, "not there")}'
                for name in sorted({*self.settings, *settings}) if self.settings
                and settings.get(name) != self.settings.get(name)]

    @property
    def scales(self) -> tuple[MapScale, ...]:
        """Of the anomaly map, then of every level map."""
        return () if self.fused is None else (self.fused, *self.levels)

    def state(self) -> dict[str, Any]:
        """Plain numbers, strings and lists: ``value, origin, count, rule, map, level_maps, scores, settings,
        tile, overlap``."""
        return dict(asdict(self.threshold), map=self.fused and asdict(self.fused),
                    level_maps=[asdict(level) for level in self.levels],
                    scores=self.scores and self.scores.state(), settings=dict(self.settings),
                    tile=self.tile, overlap=self.overlap)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Calibration:
        """The reverse of :meth:`state`.

        Raises:
            UserError: An entry is missing, of another type, or no number that can be.
        """
        try:
            threshold = Threshold(stored.finite(state['value'], 'value'), stored.word(state['origin'], 'origin'),
                                  stored.whole(state['count'], 'count', 0), stored.word(state['rule'], 'rule'))
            fused = None if state['map'] is None else _scale(state['map'], 'map')
            levels = stored.listed(state['level_maps'], 'level_maps')
            scores, settings = state.get('scores'), stored.entries(state.get('settings') or {}, 'settings')
            return cls(threshold, fused, tuple(_scale(level, 'level_maps') for level in levels),
                       None if scores is None else NormalScores.from_state(scores),
                       {name: str(value) for name, value in settings.items()}, *_tiles(state))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise UserError(f'the stored threshold is damaged ({type(error).__name__}: {error}): calibrate or save the '
                            'model again') from error


def _tiles(state: Mapping[str, Any]) -> tuple[int | None, int | None]:
    tile, overlap = state.get('tile'), state.get('overlap')
    tile = None if tile is None else stored.whole(tile, 'tile', 0)
    return tile, None if overlap is None else stored.whole(overlap, 'overlap', 0)


def _scale(state: Mapping[str, Any], name: str) -> MapScale:
    return MapScale(stored.finite(state['low'], f'{name}.low'), stored.finite(state['limit'], f'{name}.limit'))
