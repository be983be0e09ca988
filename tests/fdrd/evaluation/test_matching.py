"""Counts of found and missed objects and of false boxes, against pycocotools and against counting pixels."""
import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fdrd.evaluation.matching import Truth, match
from mminspect.vision.boxes import ScoredBoxes


def scored(boxes, scores=None, labels=None):
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    scores = np.linspace(0.9, 0.5, len(boxes)) if scores is None else scores
    return ScoredBoxes(boxes, np.asarray(scores, np.float32),
                       np.zeros(len(boxes), np.int64) if labels is None else np.asarray(labels))


def truth_of(boxes, labels=None, ignored=None):
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    truth = Truth.of(boxes, np.zeros(len(boxes), int) if labels is None else np.asarray(labels))
    return truth if ignored is None else truth._replace(ignored=np.asarray(ignored, bool))


def lists(matches):
    return [one.tolist() for one in matches]


def test_an_object_that_is_found_twice_gives_a_false_box_and_one_that_is_not_is_missed():
    truth = truth_of([[0, 0, 10, 10], [50, 50, 60, 60]])
    boxes = scored([[1, 0, 10, 10], [0, 0, 10, 10]], [0.4, 0.5])
    assert lists(match(truth, boxes)) == [[True, False], [False, True], [False, True], [True, False]]


def test_an_overlap_of_half_is_enough_and_another_class_is_not():
    truth = truth_of([[0, 0, 10, 10]])
    assert match(truth, scored([[0, 0, 10, 5]])).right.tolist() == [True]
    assert match(truth, scored([[0, 0, 10, 4.9]])).false.tolist() == [True]
    other = match(truth, scored([[0, 0, 10, 10]], labels=[1]))
    assert lists(other) == [[False], [True], [False], [True]]


def test_ignored_objects_are_neither_missed_nor_do_they_make_boxes_false():
    truth = truth_of([[0, 0, 100, 100], [200, 0, 210, 10]], ignored=[True, True])
    boxes = scored([[10, 10, 20, 20], [15, 15, 30, 30], [95, 95, 120, 120]])  # two inside, one that mostly is not
    assert lists(match(truth, boxes)) == [[False, False], [False, False], [False] * 3, [False, False, True]]


def test_an_object_goes_before_an_ignored_one_that_is_nearer():
    truth = truth_of([[0, 0, 10, 10], [0, 0, 10, 6]], ignored=[True, False])
    assert match(truth, scored([[0, 0, 10, 9]])).found.tolist() == [False, True]


@pytest.mark.parametrize('count', [0, 2])
def test_nothing_on_either_side(count):
    box = [[0, 0, 5, 5]] * count
    assert match(truth_of([]), scored(box)).false.tolist() == [True] * count
    assert match(truth_of(box), scored([])).missed.tolist() == [True] * count


def random_case(seed):
    generator = np.random.default_rng(seed)
    objects, found = generator.integers(0, 9, 2)

    def corners(count):
        start = generator.integers(0, 20, (count, 2))
        return np.hstack([start, start + generator.integers(1, 14, (count, 2))])

    truth = Truth(corners(objects), generator.integers(0, 2, objects), generator.random(objects) < 0.3)
    boxes, labels = corners(found), generator.integers(0, 2, found)
    if objects:  # most boxes are near an object
        near, chosen = generator.random(found) < 0.8, generator.integers(0, objects, found)
        moved = truth.boxes[chosen] + generator.integers(-2, 3, (found, 4))
        near &= (moved[:, 2:] > moved[:, :2]).all(1) & (moved >= 0).all(1)
        boxes[near], labels[near] = moved[near], truth.labels[chosen[near]]
    return truth, scored(boxes, generator.integers(1, 6, found) / 8, labels)  # many scores are equal


def by_coco(truth, boxes, iou=0.5):
    """What pycocotools says."""
    def sides(box):
        return [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]

    reference = COCO()
    reference.dataset = dict(
        images=[dict(id=1)], categories=[dict(id=label) for label in range(2)],
        annotations=[dict(id=number, image_id=1, category_id=int(label), bbox=sides(box), iscrowd=int(ignored),
                          area=sides(box)[2] * sides(box)[3])
                     for number, (box, label, ignored) in enumerate(zip(*truth, strict=True), 1)])
    with contextlib.redirect_stdout(io.StringIO()):
        reference.createIndex()
        found = reference.loadRes([dict(image_id=1, category_id=int(label), bbox=sides(box), score=float(score))
                                   for box, score, label in zip(*boxes, strict=True)])
        evaluation = COCOeval(reference, found, 'bbox')
        evaluation.params.iouThrs = np.array([iou])
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ['all']
        evaluation.evaluate()
    objects, results = {}, {}
    for one in filter(None, evaluation.evalImgs):
        objects.update(zip(one['gtIds'], zip(one['gtMatches'][0], one['gtIgnore'], strict=True), strict=True))
        results.update(zip(one['dtIds'], zip(one['dtMatches'][0], one['dtIgnore'][0], strict=True), strict=True))
    objects, results = ([table[number] for number in sorted(table)] for table in (objects, results))
    return [[bool(m) and not i for m, i in objects], [not m and not i for m, i in objects],
            [bool(m) and not i for m, i in results], [not i and not m for m, i in results]]


def by_pixels(truth, boxes):
    """The counts of found, missed, right and false, on a grid of pixels, one step after the other."""
    def pixels(box):
        return {(x, y) for x in range(int(box[0]), int(box[2])) for y in range(int(box[1]), int(box[3]))}

    objects, taken, false = [pixels(box) for box in truth.boxes], set(), 0
    for place in sorted(range(len(boxes.boxes)), key=lambda number: -boxes.scores[number]):
        own = pixels(boxes.boxes[place])
        same = [number for number in range(len(objects)) if truth.labels[number] == boxes.labels[place]]
        free = [(len(own & objects[n]) / len(own | objects[n]), n) for n in same if not truth.ignored[n]
                and n not in taken]
        if free and max(free)[0] >= 0.5:
            taken.add(max(free)[1])
        elif not any(truth.ignored[n] and len(own & objects[n]) >= len(own) / 2 for n in same):
            false += 1
    return len(taken), int((~truth.ignored).sum()) - len(taken), len(taken), false


def test_random_boxes_as_pycocotools_and_as_pixels_have_them():
    seen = np.zeros(4, int)
    for seed in range(300):
        truth, boxes = random_case(seed)
        matches = match(truth, boxes)
        counts = [int(one.sum()) for one in matches]
        assert tuple(counts) == by_pixels(truth, boxes), seed
        if len(boxes.boxes):  # pycocotools takes no empty list
            assert lists(matches) == by_coco(truth, boxes), seed
        seen += counts
    assert (seen > 100).all()
