"""The inspection sees what the projects' own test pipelines see."""
import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from PIL import Image

from mminspect.inspection import load_inspector
from mminspect.inspection.export import export_onnx
from mminspect.models.building import load_model
from mminspect.models.stored_config import CONFIG_KEY, as_stored
from model_files import anomaly_files, detector_files


def noise(height, width, dtype=np.uint8):
    blocks = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (-(-height // 8), -(-width // 8), 3), dtype)
    return np.ascontiguousarray(blocks.repeat(8, 0).repeat(8, 1)[:height, :width])


@pytest.mark.parametrize('method, size', [('rd4ad', (64, 96)), ('textile', (64, 64)), ('mkd', (64, 64))])
def test_anomaly_models_equal_their_test_pipeline(method, size, tmp_path):
    checkpoint = anomaly_files(tmp_path, method, size=size)
    inspector = load_inspector(checkpoint)
    paths = []
    for number, (shape, dtype) in enumerate([((64, 96), np.uint8), ((200, 131), np.uint8), ((40, 500), np.uint16)]):
        paths.append(str(tmp_path / f'{number}.png'))
        cv2.imwrite(paths[-1], noise(*shape, dtype))
    paths.append(str(tmp_path / 'grey.tif'))
    cv2.imwrite(paths[-1], noise(90, 90)[..., 0])
    expected = anomaly_predictions(tmp_path / f'{method}.py', checkpoint, paths)
    for found, wanted in zip(inspector.many(paths, batch=3), expected, strict=True):
        assert found.image == wanted.img_path
        assert abs(found.score - float(wanted.pred_score)) < 1e-4
        heat = cv2.resize(wanted.anomaly_map.numpy(), wanted.ori_shape[::-1], interpolation=cv2.INTER_LINEAR)
        assert found.anomaly_map.shape == wanted.ori_shape and np.abs(found.anomaly_map - heat).max() < 1e-4
        assert found.is_defect == (float(wanted.pred_score) > inspector.threshold.value)
    assert len({round(float(wanted.pred_score), 3) for wanted in expected}) > 1


def anomaly_predictions(config, checkpoint, paths):
    """The model behind its own test pipeline, image by image, as tools/test.py runs it."""
    init_default_scope('anomaly_rd')
    cfg = Config.fromfile(config)
    model, pipeline = load_model(cfg, str(checkpoint)), Compose(cfg.test_dataloader.dataset.pipeline)
    return [model.test_step(pseudo_collate([pipeline(dict(img_path=path, sample_idx=0))]))[0].cpu().detach()
            for path in paths]


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


def test_detectors_read_as_their_pipeline_does(tmp_path):
    """12 bits in 16, and an image that is not turned: native and exported, with the training's own reader."""
    checkpoint, config = detector_files(tmp_path), tmp_path / 'GFL.py'
    cfg = Config.fromfile(config)
    cfg.test_dataloader.dataset.pipeline[0] = dict(type='LoadInspectionImage', max_value=4095, orientation=False)
    cfg.dump(config)
    torch.save({**torch.load(checkpoint), CONFIG_KEY: as_stored(cfg)}, checkpoint)
    deep, turned = str(tmp_path / 'deep.png'), str(tmp_path / 'turned.png')
    cv2.imwrite(deep, noise(64, 96, np.uint16) >> 4)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(noise(64, 96)).save(turned, exif=exif)
    export_onnx(load_inspector(checkpoint).network, tmp_path / 'model.onnx')
    expected = mmdet_predictions(config, checkpoint, [deep, turned])
    for model in (checkpoint, tmp_path / 'model.onnx'):
        for path, wanted in zip((deep, turned), expected, strict=True):
            found = load_inspector(model)(path)
            assert found.shape == (64, 96) and len(found.detections.boxes) == len(wanted.bboxes) > 5
            assert np.abs(found.detections.scores - wanted.scores.numpy()).max() < 1e-3
            assert np.abs(found.detections.boxes - wanted.bboxes.numpy()).max() < 1e-2
    cfg.test_dataloader.dataset.pipeline[0] = dict(type='LoadInspectionImage')
    torch.save({**torch.load(checkpoint), CONFIG_KEY: as_stored(cfg)}, checkpoint)
    assert load_inspector(checkpoint)(turned).shape == (96, 64)
    assert abs(load_inspector(checkpoint)(deep).score - float(expected[0].scores.max())) > 1e-3
