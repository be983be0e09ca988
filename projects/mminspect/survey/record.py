"""All figures of a survey for machines."""
from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np

from mminspect import __version__

from .conclusions import leaks_of
from .surveying import SplitSurvey, Survey
from .turning import turned_by_exif

#: What is null of a split whose images cannot be listed.
_COUNTED = ('images', 'readable', 'problem', 'left_out', 'objects_left_out', 'counts', 'without_objects',
            'turned_by_exif', 'unreadable', 'objects')


def record(found: Survey) -> str:
    """A JSON document; what is undefined is null."""
    content = dict(
        config=found.name, version=__version__,
        findings=[dict(level=one.level, place=one.place, text=one.text) for one in found.findings],
        stride=found.stride, limit=found.limit, splits={one.name: _split(one, found.limit) for one in found.splits},
        cues={name: [dict(asdict(cue), strength=cue.strength, telling=cue.telling) for cue in cues]
              for name, cues in found.cues.items()},
        shifts=[dict(asdict(shift), telling=shift.telling) for shift in found.shifts],
        copies=dict(usual_distance=found.copies.usual, not_compared=found.copies.unseen,
                    leaks=[dict(asdict(leak), kinds=leak.kinds, contradictions=leak.contradictions)
                           for leak in leaks_of(found)]),
        images={one.name: [dict(asdict(one.measures[item.path]), label=item.label, boxes=len(item.boxes))
                           for item in one.split.items if item.path in one.measures] for one in found.splits})
    return json.dumps(_defined(content), indent=1) + '\n'


def _split(one: SplitSurvey, limit: float) -> dict[str, Any]:
    if one.split.problem is not None:
        return dict(dict.fromkeys(_COUNTED), problem=one.split.problem)
    return dict(images=len(one.split.items), readable=len(one.measures), problem=None,
                left_out=one.split.left_out(), objects_left_out=one.split.left_out(True), counts=one.split.counts(),
                without_objects=len(one.group(False)), turned_by_exif=turned_by_exif(one),
                unreadable=[dict(path=path, why=why) for path, why in one.unreadable], objects=_objects(one, limit))


def _objects(one: SplitSurvey, limit: float) -> dict[str, Any]:
    """Quantiles of the square root of the area, in pixels."""
    if not one.objects:
        return dict(count=0)
    sides = {name: np.quantile([getattr(thing, name) for thing in one.objects], (0, 0.25, 0.5, 0.75, 1)).tolist()
             for name in ('before', 'after')}
    return dict(count=len(one.objects), below_limit=sum(thing.after < limit for thing in one.objects),
                vanish=sum(not thing.after for thing in one.objects), **sides)


def _defined(node: Any) -> Any:
    """With None in the place of what JSON has no word for."""
    if isinstance(node, dict):
        return {key: _defined(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [_defined(value) for value in node]
    return None if isinstance(node, float) and not math.isfinite(node) else node
