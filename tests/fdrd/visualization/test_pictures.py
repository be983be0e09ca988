"""Where boxes are drawn, and that they hide nothing."""
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.structures import InstanceData

from fdrd.visualization.pictures import COLOURS, GAP, MARGIN, enlargement, save_pictures, side_by_side
from mminspect.core.errors import UserError
from mminspect.vision import fonts

NOTHING = (np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))


def grey(height=60, width=900):
    return np.full((height, width, 3), 100, np.uint8)


def outline(picture, label=0):
    """Tight box x1, y1, x2, y2 around all pixels of the class's colour, the last pixel included."""
    rows, columns = np.nonzero((picture == COLOURS[label]).all(axis=2))
    return columns.min(), rows.min(), columns.max(), rows.max()


def halves(picture):
    return picture[:, :picture.shape[1] // 2], picture[:, picture.shape[1] // 2:]


@pytest.mark.parametrize('box', [(100, 20, 104, 24), (0, 0, 4, 4), (896, 56, 900, 60), (10.2, 5.7, 13.9, 9.1)])
def test_a_box_runs_around_its_object_and_hides_nothing_of_it(box):
    image = grey()
    x1, y1, x2, y2 = np.floor(box[0]), np.floor(box[1]), np.ceil(box[2]), np.ceil(box[3])
    x1, y1, x2, y2 = (int(v) for v in (x1, y1, x2, y2))
    image[y1:y2, x1:x2] = (7, 8, 9)
    left, right = halves(side_by_side(image, np.array([box]), [0], *NOTHING, classes=(' ', )))
    panel = left[2 * MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert (panel[y1:y2, x1:x2] == (7, 8, 9)).all()
    assert outline(left) == (x1 - GAP + MARGIN, y1 - GAP + 2 * MARGIN, x2 - 1 + GAP + MARGIN, y2 - 1 + GAP + 2 * MARGIN)
    assert not (right == COLOURS[0]).all(axis=2).any()
    assert (right[2 * MARGIN:-MARGIN, MARGIN:-MARGIN] == image).all()


def test_predictions_are_on_the_right():
    picture = side_by_side(grey(), np.zeros((0, 4)), [], np.array([[50, 10, 60, 20]]), [0.5], [1], ('a', ' '))
    left, right = halves(picture)
    assert not (left == COLOURS[1]).all(axis=2).any()
    assert outline(right, 1)[0] == 50 - GAP + MARGIN


def test_small_images_are_enlarged_without_smoothing():
    assert [enlargement(width) for width in (10, 320, 450, 900, 4096)] == [8, 3, 2, 1, 1]
    image = grey(136, 320)
    image[60:64, 100:104] = 255
    left, _ = halves(side_by_side(image, np.array([[100, 60, 104, 64]]), [0], *NOTHING, classes=(' ', )))
    panel = left[2 * MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert panel.shape == (408, 960, 3) and (panel[180:192, 300:312] == 255).all()
    assert outline(left) == (300 - GAP + MARGIN, 180 - GAP + 2 * MARGIN, 311 + GAP + MARGIN, 191 + GAP + 2 * MARGIN)


def test_captions_name_class_and_score(monkeypatch):
    written = []
    monkeypatch.setattr(cv2, 'putText', lambda image, text, *args: written.append(text))
    boxes = np.array([[50, 10, 60, 20], [5, 5, 9, 9]])
    side_by_side(grey(), boxes[:1], [1], boxes, [0.5, 0.987], [0, 7], ('hair', 'glass'))
    assert list(dict.fromkeys(written)) == ['ground truth: 1 object', 'glass', 'prediction: 2 objects', 'hair 0.50',
                                            '7 0.99']
    written.clear()
    side_by_side(grey(), *NOTHING[:2], *NOTHING, score_thr=0.3)
    assert written == ['ground truth: 0 objects',
                       'prediction: 0 objects with a score of 0.3 or more (beside each box)']


def sample(path, scores, boxes=None):
    made = DetDataSample(metainfo=dict(img_path=str(path)))
    made.gt_instances = InstanceData(bboxes=HorizontalBoxes(torch.tensor([[5.0, 5, 9, 9]])), labels=torch.tensor([0]))
    made.pred_instances = InstanceData(bboxes=torch.tensor([[1.0, 1, 5, 5]] * len(scores)),
                                       scores=torch.tensor(scores), labels=torch.zeros(len(scores), dtype=torch.long))
    return made


@pytest.fixture
def drawn(monkeypatch):
    """Arguments of every call of side_by_side."""
    calls = []

    def record(*args):
        calls.append(SimpleNamespace(gt=args[1], boxes=args[3], scores=args[4], classes=args[6], score_thr=args[7]))
        return np.zeros((4, 4, 3), np.uint8)

    monkeypatch.setattr('fdrd.visualization.pictures.side_by_side', record)
    return calls


def test_threshold_and_limit(tmp_path, drawn):
    cv2.imwrite(str(tmp_path / 'im.png'), grey(20, 30))
    results = (sample(tmp_path / 'im.png', scores) for scores in ([0.29, 0.3, 0.9], [], [0.5]))
    paths = save_pictures(results, tmp_path / 'out', 2, ('foreign', ), score_thr=0.3, first=4)
    assert [p.name for p in paths] == ['0004_im.png', '0005_im.png'] and all(p.is_file() for p in paths)
    assert [list(c.scores) for c in drawn] == [pytest.approx([0.3, 0.9]), []]
    assert drawn[0].gt.tolist() == [[5, 5, 9, 9]] and drawn[0].classes == ('foreign', )
    assert drawn[0].score_thr == 0.3


def test_no_ground_truth(tmp_path):
    cv2.imwrite(str(tmp_path / 'im.png'), grey(20, 30))
    result = sample(tmp_path / 'im.png', [0.5])
    del result.gt_instances
    path, = save_pictures([result], tmp_path)
    left, right = halves(cv2.imread(str(path)))
    assert not (left == COLOURS[0]).all(axis=2).any() and (right == COLOURS[0]).all(axis=2).any()


def test_an_image_that_is_gone(tmp_path):
    with pytest.raises(UserError, match=r"gone\.png' does not exist"):
        save_pictures([sample(tmp_path / 'gone.png', [])], tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_names_in_any_script(monkeypatch):
    def pictures():
        return [side_by_side(grey(120), np.array([[100, 60, 140, 80]]), [0], *NOTHING, classes=(name, ))
                for name in ('划痕', '脏污', '0')]

    if fonts.find_fonts('划痕脏污') is not None:
        scratch, dirt, number = pictures()
        assert (scratch != dirt).any() and (scratch != number).any()
        rows, _ = np.nonzero((scratch != dirt).any(axis=2))
        assert rows.min() > 2 * MARGIN + 60 - GAP - 20 and rows.max() < 2 * MARGIN + 60 - GAP
    monkeypatch.setattr(fonts, 'find_fonts', lambda text: None)
    scratch, dirt, number = pictures()
    np.testing.assert_array_equal(scratch, number)
    np.testing.assert_array_equal(dirt, number)
