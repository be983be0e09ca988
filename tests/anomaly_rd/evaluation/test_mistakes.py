"""False alarms and misses of a model whose map is the brightness, so that everything can be checked by hand."""
from pathlib import Path

import numpy as np
import pytest

from anomaly_rd.datasets.layouts import make_item
from anomaly_rd.evaluation.mistakes import Verdict, contrast, explain, rows, verdicts
from inspection_helpers import anomaly_inspector, bright
from mminspect.core.errors import UserError
from mminspect.vision.images import encode_png

# The threshold on scores is 0.6 of white (153), the limit on pixels 0.5 (127.5).


@pytest.fixture
def items(tmp_path: Path) -> list[dict]:
    """A good picture, a too bright good one, and three defects of 16x16 pixels, masked but for the last."""
    mask = np.zeros((64, 96), np.uint8)
    mask[16:32, 48:64] = 255
    pictures = dict(good=[bright(80), bright(200)], spot=[bright(80, 250), bright(80, 140), bright(80, 250)])
    found = []
    for kind, images in pictures.items():
        for number, image in enumerate(images):
            path, mask_path = (tmp_path / folder / kind / f'{number}.png' for folder in ('test', 'ground_truth'))
            for file, pixels in ((path, image), (mask_path, mask)):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(encode_png(pixels))
            found.append(make_item(path, kind, mask_path if kind == 'spot' and number < 2 else None))
    return found


def test_verdicts(items: list[dict]) -> None:
    found = list(verdicts(anomaly_inspector(), items))
    assert [verdict.kind for verdict in found] == ['good', 'good', 'spot', 'spot', 'spot']
    assert [verdict.called_defective for verdict in found] == [False, True, True, False, True]
    assert [verdict.is_mistake for verdict in found] == [False, True, False, True, False]
    assert [verdict.located for verdict in found] == [None, None, True, True, None]  # 140 is above the limit on pixels
    assert [verdict.area for verdict in found] == [None, None, 256, 256, None]
    assert [verdict.contrast for verdict in found[2:4]] == pytest.approx([170, 60])
    assert rows(found) == [('good', 2, 1, 1, None), ('spot', 3, 1, 2, 2)]


def test_without_a_threshold_nothing_is_called_anything(items: list[dict]) -> None:
    with pytest.raises(UserError, match='no threshold'):
        list(verdicts(anomaly_inspector(calibration=None), items))


def test_contrast_looks_at_the_surroundings_alone() -> None:
    pixels = np.zeros((60, 60, 3))
    pixels[20:24, 20:24], pixels[12:32, 12:32, 0] = 50, 50  # grey on a red square that ends 8 pixels further
    mask = np.zeros((60, 60), bool)
    mask[20:24, 20:24] = True
    assert contrast(pixels, mask) == pytest.approx(50 - 0.299 * 50)
    assert np.isnan(contrast(pixels, np.zeros_like(mask))) and np.isnan(contrast(pixels, np.ones_like(mask)))


def test_explanations() -> None:
    miss = Verdict('a/test/stain/003.png', 'stain', True, 0.4, 0.5, False, 120, 3.6)
    others = [Verdict(f'a/test/stain/00{n}.png', 'stain', True, 0.9, 0.5, True, 100 * n, 10.0 * n) for n in (1, 2, 4)]
    assert explain(miss, [miss, *others]) == (
        'stain/003.png is called good: its score is 80 % of the threshold; its defect has 120 pixels and is 4 grey '
        'levels off its surroundings, those of its kind that are found have 200 and 20 (median)')
    alarm = Verdict('a/test/good/001.png', 'good', False, 0.6, 0.5)
    assert explain(alarm, [alarm]) == 'good/001.png is called defective: its score is 120 % of the threshold'
    assert explain(miss, [miss]) == 'stain/003.png is called good: its score is 80 % of the threshold'
