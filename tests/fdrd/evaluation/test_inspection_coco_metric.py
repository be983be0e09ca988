import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.datasets.api_wrappers import COCO as WrappedCOCO
from mmdet.evaluation import CocoMetric
from mmdet.evaluation.metrics import coco_metric
from mmengine.fileio import load
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fdrd.evaluation import InspectionCocoMetric
from fdrd.evaluation.inspection_coco_metric import bins, recall_by_size
from mminspect.core.errors import UserError

CLASSES = ('a', 'b')
Boxes = dict[int, list[tuple[int, float, list[float]]]]  # image -> (class index, score, x1 y1 x2 y2)


def random_set(folder: Path, seed: int = 0, sizes: tuple[float, float] = (4, 60), images: int = 6) -> tuple[str, Boxes]:
    """Objects of many sizes, and detections: shifted copies, doubles, wrong classes and boxes on nothing."""
    rng = np.random.default_rng(seed)
    annotations, found = [], {}
    for image in range(1, images + 1):
        found[image] = []
        for _ in range(12):
            w, h = np.exp(rng.uniform(*np.log(sizes), 2))
            x, y = rng.uniform(0, 200, 2)
            label = int(rng.integers(2))
            annotations.append(dict(id=len(annotations) + 1, image_id=image, category_id=label + 1, iscrowd=0,
                                    bbox=[x, y, w, h], area=w * h))
            for _ in range(rng.integers(0, 3)):
                dx, dy, dw, dh = rng.normal(0, 0.15, 4)
                box = [x + dx * w, y + dy * h, x + w * (1 + dw), y + h * (1 + dh)]
                guess = label if rng.random() < 0.9 else 1 - label
                found[image].append((guess, float(rng.random()), box))
        for _ in range(5):
            x, y = rng.uniform(0, 200, 2)
            found[image].append((int(rng.integers(2)), float(rng.random()), [x, y, x + 20, y + 15]))
    return write(folder, annotations, images), found


def write(folder: Path, annotations: list[dict], images: int) -> str:
    path = folder / 'truth.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=i, file_name=f'{i}.png', height=300, width=300) for i in range(1, images + 1)],
        annotations=annotations, categories=[dict(id=i + 1, name=name) for i, name in enumerate(CLASSES)])))
    return str(path)


def evaluate(ann_file: str, found: Boxes, metric: CocoMetric | None = None, **kwargs) -> dict[str, float]:
    metric = metric or InspectionCocoMetric(ann_file=ann_file, metric='bbox', **kwargs)
    metric.dataset_meta = dict(classes=CLASSES)
    for image, boxes in found.items():
        labels, scores, corners = zip(*boxes, strict=True) if boxes else ([], [], [])
        instances = dict(labels=torch.tensor(labels, dtype=torch.long), scores=torch.tensor(scores),
                         bboxes=torch.tensor(corners, dtype=torch.float32).reshape(-1, 4))
        metric.process({}, [dict(img_id=image, ori_shape=(300, 300), pred_instances=instances)])
    return {name.removeprefix('coco/'): value for name, value in metric.evaluate(len(found)).items()}


def change(ann_file: str, **changes) -> str:
    """The file with other entries, each made by a function of the old one and of its place."""
    data = json.loads(Path(ann_file).read_text())
    for key, update in changes.items():
        for place, entry in enumerate(data[key]):
            entry.update(update(entry, place))
    Path(ann_file).write_text(json.dumps(data))
    return ann_file


def perfect(ann_file: str) -> Boxes:
    """The objects themselves as detections."""
    data = json.loads(Path(ann_file).read_text())
    labels = {category['id']: CLASSES.index(category['name']) for category in data['categories']}
    found: Boxes = {image['id']: [] for image in data['images']}
    for a in data['annotations']:
        x, y, w, h = a['bbox']
        found[a['image_id']].append((labels[a['category_id']], 0.9, [x, y, x + w, y + h]))
    return found


def dense(folder: Path, count: int, images: int = 1) -> str:
    """Objects of class a on a grid, none of b."""
    return write(folder, [dict(id=i * count + n + 1, image_id=i + 1, category_id=1, iscrowd=0, area=36,
                               bbox=[n % 40 * 7, n // 40 * 7, 6, 6])
                          for i in range(images) for n in range(count)], images)


def as_results(found: Boxes) -> list[dict]:
    return [dict(image_id=image, category_id=label + 1, score=score, bbox=[x1, y1, x2 - x1, y2 - y1])
            for image, boxes in found.items() for label, score, (x1, y1, x2, y2) in boxes]


def overlap(a: list[float], b: list[float]) -> float:
    """IoU of two boxes x, y, w, h."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def recall_by_hand(annotations: list[dict], results: list[dict], low: float, high: float) -> float:
    """Share of the objects of a size that are found, mean over the classes; detections choose best score first.

    A detection takes the free object of the bin that it overlaps most; only if none reaches an IoU of 0.5 may it take
    an object of another size, which then is gone.
    """
    recalls = []
    for category in (1, 2):
        hits, objects = 0, 0
        for image in {a['image_id'] for a in annotations}:
            truth = [a for a in annotations if (a['image_id'], a['category_id']) == (image, category)]
            inside = [low <= a['area']**0.5 <= high for a in truth]
            free = set(range(len(truth)))
            objects += sum(inside)
            mine = [r for r in results if (r['image_id'], r['category_id']) == (image, category)]
            for result in sorted(mine, key=lambda r: -r['score']):
                for wanted in (True, False):
                    near = [(overlap(result['bbox'], truth[i]['bbox']), i) for i in free if inside[i] == wanted]
                    if near and max(near)[0] >= 0.5:
                        hits += wanted
                        free.remove(max(near)[1])
                        break
        if objects:
            recalls.append(hits / objects)
    return float(np.mean(recalls))


@pytest.mark.parametrize('seed', range(3))
def test_values_are_those_of_pycocotools(seed: int, tmp_path: Path) -> None:
    ann_file, found = random_set(tmp_path, seed)
    values = evaluate(ann_file, found)
    truth = COCO(ann_file)
    reference = COCOeval(truth, truth.loadRes(as_results(found)), 'bbox')
    reference.evaluate(), reference.accumulate(), reference.summarize()
    names = {'bbox_mAP': 0, 'bbox_mAP_50': 1, 'bbox_mAP_75': 2, 'bbox_mAP_s': 3, 'bbox_AR@100': 8, 'bbox_AR_s@1000': 9}
    for name, index in names.items():
        assert values[name] == pytest.approx(reference.stats[index], abs=5.1e-4), name  # rounded to three digits
    assert 0.05 < values['bbox_mAP'] < values['bbox_mAP_50'] < 0.9


@pytest.mark.parametrize('seed', range(3))
def test_recall_by_size_is_that_of_a_plain_matcher(seed: int, tmp_path: Path) -> None:
    ann_file, found = random_set(tmp_path, seed)
    values, annotations = evaluate(ann_file, found), json.loads(Path(ann_file).read_text())['annotations']
    edges = [('recall_4_8', 4, 8), ('recall_8_16', 8, 16), ('recall_16_32', 16, 32), ('recall_32_up', 32, 1e9)]
    for name, low, high in edges:
        expected = recall_by_hand(annotations, as_results(found), low, high)
        assert values[name] == pytest.approx(expected, abs=1e-9), name
        assert 0 < expected < 1


def test_names_and_ranges_of_the_bins() -> None:
    assert bins((4, 8.5)) == [('recall_4_8.5', (4, 8.5)), ('recall_8.5_up', (8.5, 1e5))]
    assert bins((0, )) == [('recall_0_up', (0, 1e5))]


def test_size_on_an_edge_belongs_to_both_bins_and_detections_are_limited(tmp_path: Path) -> None:
    ann_file = write(tmp_path, [dict(id=1, image_id=1, category_id=1, iscrowd=0, bbox=[9, 9, 8, 8], area=64)], 1)
    hit = dict(image_id=1, category_id=1, bbox=[9, 9, 8, 8], score=0.1)
    misses = [dict(hit, bbox=[100 + i, 9, 8, 8], score=0.9) for i in range(100)]
    truth = WrappedCOCO(ann_file)
    assert recall_by_size(truth, [hit], (4, 8, 16), [1]) == dict(recall_4_8=1, recall_8_16=1, recall_16_up=-1)
    assert recall_by_size(truth, [hit, *misses[:99]], (4, ), [1]) == dict(recall_4_up=1)
    assert recall_by_size(truth, [hit, *misses], (4, ), [1]) == dict(recall_4_up=0)
    assert recall_by_size(truth, [hit, *misses], (4, ), [1], max_detections=101) == dict(recall_4_up=1)
    loose = dict(hit, bbox=[9, 9, 8, 4])  # IoU 0.5
    assert recall_by_size(truth, [loose], (4, ), [1]) == dict(recall_4_up=1)
    assert recall_by_size(truth, [loose], (4, ), [1], iou=0.51) == dict(recall_4_up=0)


def test_nothing_detected_is_zero_for_everything_that_is_defined(tmp_path: Path, messages: list[str]) -> None:
    ann_file, found = random_set(tmp_path)
    values = evaluate(ann_file, {image: [] for image in found})
    assert values.keys() == evaluate(ann_file, found).keys()
    assert set(values.values()) == {0.0}
    assert any('No box was detected' in text for text in messages)


@pytest.mark.parametrize('detected', [True, False])
def test_values_without_ground_truth_are_left_out(detected: bool, tmp_path: Path, messages: list[str]) -> None:
    ann_file, found = random_set(tmp_path, sizes=(40, 60))
    values = evaluate(ann_file, found if detected else {image: [] for image in found})
    assert values.keys() == {'bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_75', 'bbox_AR@100', 'recall_32_up'}
    assert all(0 <= v <= 1 for v in values.values()) and (values['recall_32_up'] > 0) == detected
    assert any(text.startswith('n/a') and 'bbox_mAP_s' in text and 'recall_4_8' in text for text in messages)


def test_class_without_objects_counts_in_no_mean(tmp_path: Path) -> None:
    ann_file = write(tmp_path, [dict(id=1, image_id=1, category_id=1, iscrowd=0, bbox=[9, 9, 8, 8], area=64)], 1)
    values = evaluate(ann_file, {1: [(0, 0.9, [9, 9, 17, 17])]}, classwise=True)
    assert values['a_precision'] == 1 and 'b_precision' not in values and values['bbox_mAP'] == 1
    assert values['recall_4_8'] == values['recall_8_16'] == 1 and 'recall_16_32' not in values


def test_bins_and_items_are_options(tmp_path: Path) -> None:
    ann_file, found = random_set(tmp_path)
    assert evaluate(ann_file, found, size_bins=None, metric_items=['mAP_50']).keys() == {'bbox_mAP_50'}
    assert evaluate(ann_file, found, size_bins=(0, 20), metric_items=['mAP_50']).keys() == {
        'bbox_mAP_50', 'recall_0_20', 'recall_20_up'}


@pytest.mark.parametrize('detected', [True, False])
def test_format_only_writes_the_file_and_no_value(detected: bool, tmp_path: Path) -> None:
    ann_file, found = random_set(tmp_path)
    found = found if detected else {image: [] for image in found}
    assert evaluate(ann_file, found, format_only=True, outfile_prefix=str(tmp_path / 'out')) == {}
    assert len(load(tmp_path / 'out.bbox.json')) == sum(map(len, found.values()))


@pytest.mark.parametrize('first', [0, 1, -3, 10**25])
def test_annotation_ids_from_zero_give_what_those_from_one_give(first: int, tmp_path: Path) -> None:
    """pycocotools takes a match with the id 0 for none."""
    ann_file, found = random_set(tmp_path)
    expected, whole = evaluate(ann_file, found), evaluate(ann_file, perfect(ann_file))
    change(ann_file, annotations=lambda _, place: dict(id=first + place))
    assert evaluate(ann_file, found) == expected
    assert evaluate(ann_file, perfect(ann_file)) == whole
    assert {name: whole[name] for name in ('bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_s', 'recall_8_16')} == dict.fromkeys(
        ('bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_s', 'recall_8_16'), 1.0)


def test_one_object_with_the_id_zero_is_found(tmp_path: Path) -> None:
    """The whole of a set: mmdet's metric gives 0 for the perfect box."""
    ann_file = write(tmp_path, [dict(id=0, image_id=1, category_id=1, iscrowd=0, bbox=[9, 9, 8, 8], area=64)], 1)
    assert evaluate(ann_file, perfect(ann_file))['bbox_mAP'] == 1.0
    assert evaluate(ann_file, perfect(ann_file), CocoMetric(ann_file))['bbox_mAP'] == 0.0


def test_ids_that_are_texts_and_categories_in_another_order(tmp_path: Path) -> None:
    ann_file, found = random_set(tmp_path)
    expected = evaluate(ann_file, found, classwise=True)
    change(ann_file, annotations=lambda a, place: dict(id=f'a{place}', image_id=f'i{a["image_id"]}',
                                                       category_id={1: 9, 2: 4}[a['category_id']]),
           images=lambda image, _: dict(id=f'i{image["id"]}'), categories=lambda _, place: dict(id=(9, 4)[place]))
    assert evaluate(ann_file, {f'i{image}': boxes for image, boxes in found.items()}, classwise=True) == expected
    assert expected['a_precision'] != expected['b_precision']


def test_one_limit_for_all_values_of_a_row(tmp_path: Path, messages: list[str]) -> None:
    """300 voids and 300 perfect boxes: mmdet's metric gives AP 0.337 at its limit of 100 beside AP50 1.0."""
    ann_file = dense(tmp_path, 300)
    values = evaluate(ann_file, perfect(ann_file))
    row = ('bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_75', 'bbox_mAP_s', 'recall_4_8')
    assert [values[name] for name in row] == [1.0] * 5
    assert values['bbox_AR@100'] == pytest.approx(1 / 3, abs=1e-3) and values['bbox_AR_s@1000'] == 1.0
    stock = evaluate(ann_file, perfect(ann_file), CocoMetric(ann_file, metric_items=['mAP', 'mAP_50']))
    assert stock['bbox_mAP'] < 0.34 and stock['bbox_mAP_50'] == 1.0
    assert not any('of one class' in text for text in messages)


def test_more_objects_than_the_limit_are_a_warning_and_low_values_in_the_whole_row(tmp_path: Path,
                                                                                   messages: list[str]) -> None:
    ann_file = dense(tmp_path, 60, images=2)
    values = evaluate(ann_file, perfect(ann_file), proposal_nums=(10, 20, 30), classwise=True)
    row = [values[name] for name in ('bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_75', 'bbox_mAP_s', 'a_precision')]
    assert max(row) - min(row) < 1e-3 and 0.4 < row[0] < 0.6
    assert values['recall_4_8'] == pytest.approx(0.5)
    assert sum('2 images have more than 30 objects of one class, up to 60' in text for text in messages) == 1


def test_a_limit_without_100_has_its_ap(tmp_path: Path) -> None:
    """mmdet's metric gives -1 for AP where 100 is not among the limits."""
    ann_file, found = random_set(tmp_path)
    assert evaluate(ann_file, found, proposal_nums=(1, 10, 50))['bbox_mAP'] == evaluate(ann_file, found)['bbox_mAP'] > 0


@pytest.mark.parametrize('nums', [(100, ), (100, 300, 0), (300, 100, 1000), (1, 2, 3.5), (1, 2, 3, 4)])
def test_limits_that_are_none(nums: tuple, tmp_path: Path) -> None:
    with pytest.raises(UserError, match='give three whole numbers above 0 in ascending order'):
        InspectionCocoMetric(dense(tmp_path, 1), proposal_nums=nums)


def test_files_that_are_not_those_of_the_data_set(tmp_path: Path, messages: list[str]) -> None:
    ann_file, found = random_set(tmp_path)
    with pytest.raises(UserError, match=r"1 of 7 tested images \(first: that with id 99\) are not in the metric"):
        evaluate(ann_file, {**found, 99: found[1]})
    del found[6]
    evaluate(ann_file, found)
    assert any("1 of 6 images of" in text and 'were not tested: their 12 objects count as missed' in text
               for text in messages)
    change(ann_file, categories=lambda _, place: dict(name='ba'[place]))
    with pytest.raises(UserError, match=r"has the categories \('b', 'a'\) of the data set's classes \('a', 'b'\)"):
        evaluate(ann_file, found)
    with pytest.raises(UserError, match='does not exist'):
        InspectionCocoMetric(str(tmp_path / 'none.json'))


def test_joined_data_sets_whose_images_have_the_same_ids() -> None:
    """Without a file the ground truth comes with the samples: two images with one id are two images."""

    def run(ids: list) -> list[dict]:
        metric = InspectionCocoMetric(size_bins=None)
        metric.dataset_meta = dict(classes=CLASSES)
        for _ in range(2):  # as after two epochs
            for place, image in enumerate(ids):
                box = [9.0 + 40 * place, 9, 29 + 40 * place, 29]
                found = dict(labels=torch.tensor([0]), scores=torch.tensor([0.9]), bboxes=torch.tensor([box]))
                metric.process({}, [dict(img_id=image, ori_shape=(300, 300), pred_instances=found,
                                         instances=[dict(bbox=box, bbox_label=0, ignore_flag=0)])])
            values.append(metric.evaluate(len(ids)))
        return values

    values: list[dict] = []
    run([1, 1, 2])
    run([1, 'a', 2])
    run([1, 2, 3])
    assert len(values) == 6 and all(value['coco/bbox_mAP'] == 1.0 for value in values)


def without_areas(data: dict) -> bytes:
    for annotation in data['annotations']:
        annotation.update(area=None)
        del annotation['iscrowd']
    return json.dumps(data).encode()


@pytest.mark.parametrize('form', [lambda data: json.dumps(data).encode('utf-8-sig'), without_areas,
                                  lambda data: json.dumps(data).encode('utf-16')])
def test_files_that_pycocotools_does_not_read(tmp_path: Path, form: Callable[[dict], bytes]) -> None:
    """Of objects that are as large as their boxes the values are those of the plain file."""
    ann_file, found = random_set(tmp_path)
    expected = evaluate(ann_file, found)
    Path(ann_file).write_bytes(form(json.loads(Path(ann_file).read_text())))
    assert evaluate(ann_file, found) == expected and 0.1 < expected['bbox_mAP_50'] < 0.9
    with pytest.raises((ValueError, KeyError, TypeError)):  # why they are not left to mmdet
        evaluate(ann_file, found, CocoMetric(ann_file=ann_file, metric='bbox'))


def test_classes_of_mmdet_are_put_back(tmp_path: Path) -> None:
    ann_file = dense(tmp_path, 3)
    with pytest.raises(KeyError):
        InspectionCocoMetric(ann_file=ann_file, metric='no metric')
    assert coco_metric.COCO is WrappedCOCO and coco_metric.COCOeval is COCOeval
