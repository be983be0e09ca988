"""The metric as mmengine calls it: values, independence of batches, order and processes, mistakes."""
import logging
import os
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator
from scipy.ndimage import gaussian_filter
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from anomaly_rd.evaluation import AnomalyMetric, anomaly_metric
from anomaly_rd.evaluation.functional import pro_auc, pro_auc_per_image, recall_by_size
from anomaly_rd.evaluation.histogram import ScoreHistogram
from anomaly_rd.registry import METRICS
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample

COUNT = 9


def samples(count: int = COUNT, size: int = 96) -> list[AnomalyDataSample]:
    """Every other image is defective; scores and maps overlap."""
    random, made = np.random.default_rng(5), []
    for i in range(count):
        label = i % 2
        mask = (gaussian_filter(random.standard_normal((size, size)), 4) > 0.09) * label
        noise = gaussian_filter(random.standard_normal((size, size)), 3) * 8
        scores = torch.from_numpy((0.3 * np.exp(0.6 * (noise + 2 * mask))).astype(np.float32))
        sample = AnomalyDataSample(metainfo=dict(img_path=f'{i}.png', sample_idx=i, ori_shape=(size, size)))
        sample.gt_label, sample.gt_mask = torch.tensor(label), torch.from_numpy(mask.astype(np.uint8))
        sample.anomaly_map, sample.pred_score = scores, scores.max()
        made.append(sample)
    return made


def evaluate(metric: AnomalyMetric, data: list[AnomalyDataSample], batch: int = 4) -> dict[str, float]:
    evaluator = Evaluator([metric])
    for start in range(0, len(data), batch):
        evaluator.process(data_samples=data[start:start + batch])
    return evaluator.evaluate(len(data))


def best_f1(labels: np.ndarray, scores: np.ndarray) -> float:
    precision, recall, _ = precision_recall_curve(labels, scores)
    return (2 * precision * recall / np.maximum(precision + recall, 1e-12)).max()


def test_all_values():
    data = samples()
    metric = METRICS.build(dict(type='AnomalyMetric', per_image_aupro=True))
    values = evaluate(metric, data)
    maps = np.stack([s.anomaly_map.numpy() for s in data])
    masks = np.stack([s.gt_mask.numpy() for s in data])
    labels, scores = [int(s.gt_label) for s in data], [float(s.pred_score) for s in data]
    expected = dict(
        image_auroc=roc_auc_score(labels, scores), image_ap=average_precision_score(labels, scores),
        image_f1max=best_f1(labels, scores), pixel_auroc=roc_auc_score(masks.ravel(), maps.ravel()),
        pixel_ap=average_precision_score(masks.ravel(), maps.ravel()), pixel_f1max=best_f1(masks.ravel(), maps.ravel()),
        aupro=pro_auc(maps, masks), aupro_05=pro_auc(maps, masks, 0.05), aupro_per_image=pro_auc_per_image(maps, masks),
        **recall_by_size(maps, masks))
    assert values == pytest.approx(expected, abs=1e-5, nan_ok=True)
    assert 0 < values['recall_8_16'] < 1 and values['aupro'] != pytest.approx(values['aupro_05'], abs=0.01)
    assert metric.pixel_auroc_bound < 1e-5
    assert metric.counts['normal_images'] == 5 and metric.counts['anomalous_images'] == 4
    assert sorted(zip(*(a.tolist() for a in metric.image_scores), strict=True)) == \
        sorted(zip(np.float32(scores).tolist(), labels, strict=True))
    assert set(metric.curves) == {'image_roc', 'image_pr', 'pixel_roc', 'pixel_pr', 'pro'}
    for name, key in (('image_roc', 'image_auroc'), ('pixel_roc', 'pixel_auroc')):
        assert np.trapezoid(*metric.curves[name][::-1]) == pytest.approx(values[key], abs=2e-4)


def test_bit_equal_for_any_batch_size_and_order_and_reset_between_evaluations():
    data, metric = samples(), AnomalyMetric()
    first = evaluate(metric, data, batch=1)
    for batch, order in ((9, data), (2, data[::-1]), (4, data[3:] + data[:3])):
        assert str(evaluate(metric, order, batch)) == str(first)
    assert str(evaluate(metric, data[:6])) != str(first)


def worker(rank: int, folder: Path, count: int) -> None:
    torch.set_num_threads(1)
    os.environ['GLOO_SOCKET_IFNAME'] = 'lo'
    dist.init_process_group('gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2,
                            timeout=timedelta(seconds=60))
    data = samples(count)
    data[-1].anomaly_map *= 1e6  # a range that only one process meets
    metric = AnomalyMetric(per_image_aupro=True)
    for index in DefaultSampler(data, shuffle=False):  # repeats image 0 to make the parts equal
        metric.process(None, [data[index].to_dict()])
    torch.save((metric.evaluate(count), metric.curves, metric.image_scores, metric.counts), folder / f'{rank}.pth')
    dist.destroy_process_group()


@pytest.mark.parametrize('count', [9, 1])
def test_two_processes_equal_one_bit_for_bit(tmp_path, count):
    context = mp.start_processes(worker, (tmp_path, count), nprocs=2, join=False, start_method='fork')
    deadline = time.monotonic() + 60
    while not context.join(timeout=1):
        assert time.monotonic() < deadline, 'the processes wait for each other'
    data = samples(count)
    data[-1].anomaly_map *= 1e6
    metric = AnomalyMetric(per_image_aupro=True)
    expected = str((evaluate(metric, data), metric.curves, metric.image_scores, metric.counts))
    for rank in range(2):
        assert str(tuple(torch.load(tmp_path / f'{rank}.pth', weights_only=False))) == expected


def test_defective_images_without_masks_leave_the_image_metrics(messages):
    data = samples()
    del data[5].gt_mask, data[3].gt_mask
    expected = evaluate(AnomalyMetric(metrics=('image_auroc', 'image_ap')), data)
    values = evaluate(AnomalyMetric(), data[::-1])
    assert {k: values[k] for k in expected} == expected
    assert all(np.isnan(v) for k, v in values.items() if not k.startswith('image'))
    about = [m for m in messages if 'n/a' in m]
    assert len(about) == 1 and '2 anomalous images have no mask, the first is 3.png' in about[0]


def test_empty_masks_are_counted(messages):
    data, metric = samples(), AnomalyMetric()
    data[1].gt_mask = torch.zeros_like(data[1].gt_mask)
    evaluate(metric, data)
    assert metric.counts['anomalous_without_region'] == 1
    assert any('1 anomalous images have an empty mask' in m for m in messages)


def test_one_class_only_is_undefined_and_said_once(messages, monkeypatch):
    values = evaluate(AnomalyMetric(), [s for s in samples() if not s.gt_label])
    assert all(np.isnan(v) for v in values.values())
    assert len([m for m in messages if 'n/a' in m and 'aupro_05' in m]) == 1
    levels = []
    monkeypatch.setattr(anomaly_metric, 'print_log', lambda message, logger, level=logging.INFO: levels.append(level))
    evaluate(AnomalyMetric(), [s for s in samples() if not s.gt_label])
    assert levels == [logging.WARNING]


def test_bins_that_may_have_changed_the_auroc_are_said(messages, monkeypatch):
    evaluate(AnomalyMetric(metrics=('pixel_auroc', )), samples())
    assert not messages
    monkeypatch.setattr(ScoreHistogram, 'auroc_bound', lambda self, ranking: 0.0123)
    evaluate(AnomalyMetric(metrics=('pixel_auroc', )), samples())
    assert ['pixel_auroc may be off by up to 0.012' in m for m in messages] == [True]


def test_pixels_of_anomalous_images_alone():
    data = samples()
    bad = [s for s in data if s.gt_label]
    masks, maps = (np.stack([s.get(key).numpy() for s in bad]).ravel() for key in ('gt_mask', 'anomaly_map'))
    usual, values = evaluate(AnomalyMetric(), data), evaluate(AnomalyMetric(pixels='anomalous', prefix='old'), data)
    assert values['old/pixel_auroc_of_anomalous'] == pytest.approx(roc_auc_score(masks, maps), abs=1e-5)
    assert values['old/pixel_auroc_of_anomalous'] != pytest.approx(usual['pixel_auroc'], abs=1e-4)
    assert values['old/image_auroc'] == usual['image_auroc']
    assert {name for name in usual if not name.startswith('image')} == {
        name.removeprefix('old/').removesuffix('_of_anomalous') for name in values if name.endswith('_of_anomalous')}
    with pytest.raises(UserError, match="pixels is 'good', known are all, anomalous"):
        AnomalyMetric(pixels='good')


def test_subsets_by_the_size_of_the_defect():
    data = samples()
    areas = {1: 1023, 3: 1024, 5: 3, 7: 9000}
    for index, area in areas.items():
        data[index].set_metainfo(dict(defect_area=area))
    for limits, chosen in (((0, 1024), (1, 5)), ((1024, None), (3, 7)), ((3, 1025), (1, 3, 5))):
        metric = AnomalyMetric(defect_area=limits)
        subset = [s for i, s in enumerate(data) if i % 2 == 0 or i in chosen]
        assert str(evaluate(metric, data)) == str(evaluate(AnomalyMetric(), subset))
        assert metric.counts['normal_images'] == 5 and metric.counts['anomalous_images'] == len(chosen)
    with pytest.raises(UserError, match=r'3\.png is anomalous and has no mask'):
        data[3].set_metainfo(dict(defect_area=None))
        evaluate(AnomalyMetric(defect_area=(0, 1024)), data)
    for wrong in ((5, 5), (1, ), (None, 5), (-1, 5)):
        with pytest.raises(UserError, match='defect_area'):
            AnomalyMetric(defect_area=wrong)


def test_names_of_all_values():
    for options in (dict(), dict(per_image_aupro=True, pixels='anomalous'), dict(metrics=('aupro', 'image_ap'))):
        metric = AnomalyMetric(**options)
        assert set(metric.value_names()) == set(evaluate(metric, samples()))


def test_a_score_that_is_no_number_names_the_image():
    data = samples()
    data[4].anomaly_map[0, 0] = torch.nan
    with pytest.raises(UserError, match=r'4\.png'):
        evaluate(AnomalyMetric(), data)


def test_chosen_metrics_only():
    values = evaluate(AnomalyMetric(metrics=('image_auroc', 'aupro'), prefix='screw'), samples())
    assert set(values) == {'screw/image_auroc', 'screw/aupro'}
    without_maps = samples()
    for sample in without_maps:
        del sample.anomaly_map
    assert set(evaluate(AnomalyMetric(metrics=('image_auroc',)), without_maps)) == {'image_auroc'}
    with pytest.raises(UserError, match="metrics is 'pixel_pro', known are image_auroc"):
        AnomalyMetric(metrics=('pixel_pro',))


def test_state_does_not_grow_with_the_images():
    metric, data, sizes = AnomalyMetric(), [s.to_dict() for s in samples()], []
    metric.process(None, data)
    for _ in range(3):
        metric.process(None, data)
        pixels = metric._pixels
        sizes.append((pixels.histogram.counts.nbytes, len(pixels.histogram.pages), len(pixels.region_scores.read()[0])))
    assert len(set(sizes)) == 1 and not metric.results
