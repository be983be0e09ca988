"""What pictures say of detections: titles, captions, what is found, missed and false."""
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.structures import InstanceData

from fdrd.evaluation.matching import Truth
from fdrd.visualization.panel import COLOURS, GAP, HEAD, MARGIN
from fdrd.visualization.pictures import save_pictures, side_by_side
from mminspect.core.errors import UserError
from mminspect.vision import fonts
from mminspect.vision.boxes import ScoredBoxes


def grey(height=60, width=900):
    return np.full((height, width, 3), 100, np.uint8)


def halves(picture):
    return picture[:, :picture.shape[1] // 2], picture[:, picture.shape[1] // 2:]


def truth_of(*boxes, labels=None, ignored=None):
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    truth = Truth.of(boxes, np.zeros(len(boxes), int) if labels is None else np.array(labels))
    return truth if ignored is None else truth._replace(ignored=np.array(ignored))


def scored(*boxes, scores=(), labels=None):
    return ScoredBoxes(np.asarray(boxes, float).reshape(-1, 4), np.asarray(scores, float),
                       np.zeros(len(boxes), int) if labels is None else np.array(labels))


def test_predictions_are_on_the_right():
    picture = side_by_side(grey(), truth_of(), scored((50, 10, 60, 20), scores=[0.5], labels=[1]), ('a', ' '))
    left, right = halves(picture)
    columns = np.nonzero((right == COLOURS[1]).all(axis=2))[1]
    assert not (left == COLOURS[1]).all(axis=2).any() and columns.min() == 50 - GAP + MARGIN


@pytest.fixture
def written(monkeypatch):
    """Titles, words of legends and captions, each once."""
    found = []
    monkeypatch.setattr(cv2, 'putText', lambda image, text, *_: found.append(text) if text not in found else None)
    return found


def test_captions_name_class_and_score_and_what_is_wrong(written):
    objects = truth_of((50, 10, 60, 20), (300, 10, 310, 20), labels=[1, 0])
    found = scored((50, 10, 60, 20), (700, 5, 709, 9), scores=[0.5, 0.987], labels=[1, 7])
    side_by_side(grey(), objects, found, ('hair', 'glass'))
    assert written == ['prediction: 2 boxes: 1 right, 1 false', 'right', 'false', 'false: 7 0.99', 'glass 0.50',
                       'ground truth: 2 objects: 1 found, 1 missed', 'found', 'missed', 'glass', 'missed: hair']


def test_titles_without_boxes(written):
    side_by_side(grey(), truth_of(), scored(), score_thr=0.3)
    assert written == ['prediction: 0 boxes with a score of 0.3 or more: 0 right, 0 false',
                       'ground truth: 0 objects: 0 found, 0 missed']
    written.clear()
    side_by_side(grey(), None, scored((50, 10, 60, 20), scores=[0.5]), ('hair', ), 0.3)
    assert written == ['prediction: 1 box with a score of 0.3 or more', 'hair 0.50', 'ground truth: not known']


def test_ignored_objects_and_boxes_on_them_are_counted_apart(written):
    objects = truth_of((100, 0, 300, 60), (500, 10, 510, 20), ignored=[True, False])
    found = scored((120, 10, 150, 20), (501, 10, 510, 20), (499, 11, 509, 22), scores=[0.9, 0.8, 0.7])
    side_by_side(grey(), objects, found, ('hair', ))
    assert written[0] == 'prediction: 3 boxes: 1 right, 1 false, 1 on ignored objects'
    assert 'ground truth: 1 object, beside 1 ignored: 1 found, 0 missed' in written
    assert {'ignored: hair', 'on an ignored object', 'false: hair 0.70'} <= set(written)


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
        calls.append(SimpleNamespace(truth=args[1], found=args[2], classes=args[3], score_thr=args[4]))
        return np.zeros((4, 4, 3), np.uint8)

    monkeypatch.setattr('fdrd.visualization.pictures.side_by_side', record)
    return calls


def test_threshold_and_limit(tmp_path, drawn):
    cv2.imwrite(str(tmp_path / 'im.png'), grey(20, 30))
    results = (sample(tmp_path / 'im.png', scores) for scores in ([0.29, 0.3, 0.9], [], [0.5]))
    paths = save_pictures(results, tmp_path / 'out', 2, ('foreign', ), score_thr=0.3, first=4)
    assert [p.name for p in paths] == ['0004_im.png', '0005_im.png'] and all(p.is_file() for p in paths)
    assert [list(c.found.scores) for c in drawn] == [pytest.approx([0.3, 0.9]), []]
    assert drawn[0].truth.boxes.tolist() == [[5, 5, 9, 9]] and drawn[0].classes == ('foreign', )
    assert drawn[0].score_thr == 0.3 and not drawn[0].truth.ignored.any()


def test_ignored_objects_come_behind_the_others(tmp_path, drawn):
    cv2.imwrite(str(tmp_path / 'im.png'), grey(20, 30))
    result = sample(tmp_path / 'im.png', [0.5])
    result.ignored_instances = InstanceData(bboxes=HorizontalBoxes(torch.tensor([[1.0, 2, 3, 4]])),
                                            labels=torch.tensor([2]))
    save_pictures([result], tmp_path)
    truth = drawn[0].truth
    assert truth.boxes.tolist() == [[5, 5, 9, 9], [1, 2, 3, 4]]
    assert truth.labels.tolist() == [0, 2] and truth.ignored.tolist() == [False, True]


@pytest.mark.parametrize('loaded', [False, True])
def test_no_ground_truth(tmp_path, loaded):
    cv2.imwrite(str(tmp_path / 'im.png'), grey(20, 30))
    result = sample(tmp_path / 'im.png', [0.5])
    if loaded:
        result.gt_instances = InstanceData()  # what mmdet packs where no annotations are loaded
    else:
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
        return [side_by_side(grey(120), truth_of((100, 60, 140, 80)), scored(), (name, ))
                for name in ('划痕', '脏污', '0')]

    if fonts.find_fonts('划痕脏污') is not None:
        scratch, dirt, number = pictures()
        assert (scratch != dirt).any() and (scratch != number).any()
        rows, _ = np.nonzero((scratch != dirt).any(axis=2))
        assert rows.min() > HEAD + 60 - GAP - 20 and rows.max() < HEAD + 60 - GAP
    monkeypatch.setattr(fonts, 'find_fonts', lambda text: None)
    scratch, dirt, number = pictures()
    np.testing.assert_array_equal(scratch, number)
    np.testing.assert_array_equal(dirt, number)
