import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.datasets.api_wrappers import COCO as WrappedCOCO
from mmengine.fileio import load
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fdrd.evaluation import InspectionCocoMetric
from fdrd.evaluation.inspection_coco_metric import bins, recall_by_size

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


def evaluate(ann_file: str, found: Boxes, **kwargs) -> dict[str, float]:
    metric = InspectionCocoMetric(ann_file=ann_file, metric='bbox', **kwargs)
    metric.dataset_meta = dict(classes=CLASSES)
    for image, boxes in found.items():
        labels, scores, corners = zip(*boxes, strict=True) if boxes else ([], [], [])
        instances = dict(labels=torch.tensor(labels, dtype=torch.long), scores=torch.tensor(scores),
                         bboxes=torch.tensor(corners, dtype=torch.float32).reshape(-1, 4))
        metric.process({}, [dict(img_id=image, ori_shape=(300, 300), pred_instances=instances)])
    return {name.removeprefix('coco/'): value for name, value in metric.evaluate(len(found)).items()}


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
