"""The inspection sees what the projects' own test pipelines see."""
import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope

from anomaly_rd.apis import AnomalyInferencer
from mminspect.inspection import load_inspector
from mminspect.models.building import load_model
from model_files import anomaly_files, detector_files


def noise(height, width, dtype=np.uint8):
    blocks = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (-(-height // 8), -(-width // 8), 3), dtype)
    return np.ascontiguousarray(blocks.repeat(8, 0).repeat(8, 1)[:height, :width])


@pytest.mark.parametrize('method, size', [('rd4ad', (64, 96)), ('textile', (64, 64)), ('mkd', (64, 64))])
def test_anomaly_models_equal_the_inferencer(method, size, tmp_path):
    checkpoint = anomaly_files(tmp_path, method, size=size)
    inspector = load_inspector(checkpoint)
    inferencer = AnomalyInferencer(tmp_path / f'{method}.py', checkpoint)
    paths = []
    for number, (shape, dtype) in enumerate([((64, 96), np.uint8), ((200, 131), np.uint8), ((40, 500), np.uint16)]):
        paths.append(str(tmp_path / f'{number}.png'))
        cv2.imwrite(paths[-1], noise(*shape, dtype))
    paths.append(str(tmp_path / 'grey.tif'))
    cv2.imwrite(paths[-1], noise(90, 90)[..., 0])
    expected = inferencer(paths)['predictions']
    for found, wanted in zip(inspector.many(paths, batch=3), expected, strict=True):
        assert found.image == wanted['img_path']
        assert abs(found.score - wanted['pred_score']) < 1e-4
        assert found.anomaly_map.shape == wanted['anomaly_map'].shape
        assert np.abs(found.anomaly_map - wanted['anomaly_map']).max() < 1e-4
        assert found.is_defect == bool(wanted['pred_label']) and found.threshold == inferencer.threshold
    assert len({round(wanted['pred_score'], 3) for wanted in expected}) > 1


def mmdet_predictions(config, checkpoint, paths):
    """mmdet's model behind its own pipeline, image by image."""
    init_default_scope('mmdet')
    cfg = Config.fromfile(config)
    model = load_model(cfg, str(checkpoint))
    pipeline = Compose([TRANSFORMS.build(step) for step in cfg.test_dataloader.dataset.pipeline])
    with torch.no_grad():
        return [model.test_step(pseudo_collate([pipeline(dict(img_path=path, img_id=0))]))[0].pred_instances
                for path in paths]


@pytest.mark.parametrize('family, scale', [('GFL', (96, 64)), ('TOOD', (96, 64)), ('GFL', (90, 60))])
def test_detectors_equal_mmdet(family, scale, tmp_path):
    """Of images whose padded size is the network's: its norms see all of the input, so that more padding changes it."""
    checkpoint = detector_files(tmp_path, family, scale=scale)
    paths = []
    for number, shape in enumerate([(64, 96), (200, 301), (333, 500), (101, 157), (20, 31)]):
        paths.append(str(tmp_path / f'{number}.png'))
        cv2.imwrite(paths[-1], noise(*shape))
    inspector = load_inspector(checkpoint, config=tmp_path / f'{family}.py')
    for result, wanted in zip(inspector.many(paths, batch=2), mmdet_predictions(tmp_path / f'{family}.py', checkpoint,
                                                                             paths), strict=True):
        found = result.detections
        assert len(found.boxes) == len(wanted.bboxes) > 5
        assert np.array_equal(found.labels, wanted.labels.numpy())
        assert np.abs(found.boxes - wanted.bboxes.numpy()).max() < 1e-2
        assert np.abs(found.scores - wanted.scores.numpy()).max() < 1e-3
