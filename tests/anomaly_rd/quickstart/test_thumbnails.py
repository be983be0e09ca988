"""The small pictures of the report."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anomaly_rd.quickstart.thumbnails import frames, spots, thumbnail, write_thumbnails
from inspection_helpers import anomaly_inspector, bright
from mminspect.inspection.drawing import BOX_COLOUR
from mminspect.vision.boxes import ScoredBoxes


def line(*boxes: tuple[float, float, float, float], defect: bool = True) -> dict:
    return dict(is_defect=defect, boxes=[dict(box=list(box), score=2.0, label='defect') for box in boxes])


@pytest.mark.parametrize(('found', 'said'), [
    (line((85, 188, 91, 192)), 'one region of 6x4 px above the normal range'),
    (line((0, 0, 2, 2), (10, 20, 40, 30)), '2 regions, the largest of 30x10 px above the normal range'),
    (line(), 'no pixel of the picture is above the normal range'), (line(defect=False), '')])
def test_regions_in_words(found: dict, said: str) -> None:
    assert spots(found) == said


def test_small_regions_get_a_frame_that_is_seen() -> None:
    boxes = ScoredBoxes(np.array([[10, 20, 12, 22], [40, 40, 120, 60]], np.float32), np.ones(2, np.float32),
                        np.zeros(2, np.int64))
    assert frames(boxes, 1.0, 16) == [(3, 13, 19, 29), (40, 40, 120, 60)]
    assert frames(boxes, 0.5, 16)[1] == (20, 17, 60, 33)  # 40 x 10 in the small picture
    assert frames(ScoredBoxes.none(), 1.0, 16) == []


def test_files_are_small_and_framed(tmp_path: Path) -> None:
    inspector = anomaly_inspector()
    wide = np.zeros((100, 960, 3), np.uint8)
    wide[:] = 60
    wide[30:60, 400:480] = 255
    for name, pixels in (('a', bright(60, 80)), ('b', wide)):
        Image.fromarray(pixels).save(tmp_path / f'{name}.png')
    written = write_thumbnails(inspector, {name: str(tmp_path / f'{name}.png') for name in 'ab'}, tmp_path)
    assert written == dict(a='pictures/00.png', b='pictures/01.png')
    drawn = np.array(Image.open(tmp_path / written['b']))
    assert drawn.shape == (50, 480, 3) and (drawn[:, :150] == 60).all()  # in the order of red, green and blue
    result = inspector(wide)
    assert len(result.detections.boxes) == 1 and (drawn == BOX_COLOUR).all(-1).any()
    assert np.array_equal(drawn, thumbnail(wide, result, inspector))
