"""The inferencer with a model whose anomaly map is the brightness (0..1) times its gain."""
import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner

from anomaly_rd.apis import AnomalyInferencer
from anomaly_rd.postprocess import NormalImage, calibrate
from mminspect.core.errors import UserError
from station_helpers import model_cfg, runner_cfg, sample_of, write_category

GAIN = 0.5


@pytest.fixture
def root(tmp_path):
    write_category(tmp_path / 'data')
    return tmp_path / 'data'


@pytest.fixture
def config(root, tmp_path):
    cfg = runner_cfg(root, tmp_path / 'run', [], model=dict(gain=0.0))
    cfg.dump(tmp_path / 'brightness.py')
    return tmp_path / 'brightness.py'


@pytest.fixture
def checkpoint(config, tmp_path):
    """Threshold 70 / 255 * GAIN, from two normal images."""
    init_default_scope('anomaly_rd')
    model = MODELS.build(model_cfg(gain=GAIN))
    images = []
    for value in (40, 70):
        heat = torch.full((32, 32), GAIN * value / 255)
        images.append(NormalImage.of(sample_of(heat, [heat / 2, heat / 4])))
    path = tmp_path / 'brightness.pth'
    torch.save(dict(state_dict=model.state_dict(), threshold=calibrate(images, 'max').state()), path)
    return path


def test_folder(config, checkpoint, root):
    results = AnomalyInferencer(str(config), str(checkpoint))(str(root / 'plate/test/spot'), batch_size=2)
    assert results['visualization'] == []
    found = results['predictions']
    assert [f['img_path'][-7:] for f in found] == ['000.png', '001.png', '002.png']
    for value, prediction in zip((160, 200, 240), found, strict=True):
        expected = np.full((32, 32), GAIN * 50 / 255)
        expected[8:16, 16:24] = GAIN * value / 255
        np.testing.assert_allclose(prediction['anomaly_map'], expected, rtol=1e-5)
        assert prediction['anomaly_map'].dtype == np.float32
        assert prediction['pred_score'] == pytest.approx(GAIN * value / 255)
        assert prediction['threshold'] == pytest.approx(GAIN * 70 / 255)
        assert (prediction['pred_label'], prediction['threshold_origin']) == (1, 'hold-out normal images')


def test_the_same_as_a_test_run(config, checkpoint, root, tmp_path):
    seen = {}
    cfg = runner_cfg(root, tmp_path / 'test', [dict(type='ThresholdHook')], load_from=str(checkpoint))
    runner = Runner.from_cfg(cfg)
    evaluator = runner.build_evaluator(cfg.test_evaluator)
    process = evaluator.process
    evaluator.process = lambda data_samples, data_batch: (
        seen.update({s.img_path: float(s.pred_score) for s in data_samples}), process(data_samples, data_batch))
    runner._test_evaluator = evaluator
    runner.test()
    found = AnomalyInferencer(str(config), str(checkpoint))([*seen])['predictions']
    assert len(seen) == 5 and [f['pred_score'] for f in found] == list(seen.values())


def test_arrays_and_files_give_the_same(config, checkpoint, tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (48, 80, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), picture[..., ::-1])
    inferencer = AnomalyInferencer(str(config), str(checkpoint))
    from_file, from_array = inferencer([str(tmp_path / 'a.png'), picture])['predictions']
    np.testing.assert_array_equal(from_file['anomaly_map'], from_array['anomaly_map'])
    assert from_file['anomaly_map'].shape == (48, 80) and from_array['img_path'] == 'array 1'
    small = inferencer(picture, original_size=False)['predictions'][0]['anomaly_map']
    assert small.shape == (32, 32)
    # the map came back to the image's size, not to another orientation
    np.testing.assert_allclose(from_array['anomaly_map'], cv2.resize(small, (80, 48)), rtol=1e-5)
    white_left = np.zeros((48, 80), np.uint8)
    white_left[:, :40] = 255
    heat = inferencer(white_left)['predictions'][0]['anomaly_map']
    assert heat[:, :30].min() == pytest.approx(GAIN, rel=1e-4) and heat[:, 50:].max() == 0


def test_a_given_threshold_decides(config, checkpoint, root):
    inferencer = AnomalyInferencer(str(config), str(checkpoint), threshold=GAIN * 220 / 255)
    found = inferencer(str(root / 'plate/test/spot'))['predictions']
    assert [f['pred_label'] for f in found] == [0, 0, 1]
    assert found[0]['threshold_origin'] == 'given'


def test_without_threshold_there_is_no_label(config, checkpoint, root):
    torch.save(dict(state_dict=torch.load(checkpoint)['state_dict']), checkpoint)
    results = AnomalyInferencer(str(config), str(checkpoint))(str(root / 'plate/test/spot/000.png'), draw=True)
    assert [results['predictions'][0][key] for key in ('pred_label', 'threshold', 'threshold_origin')] == [None] * 3
    assert len(results['visualization']) == 1


def test_pictures(config, checkpoint, root, tmp_path):
    paths = [str(root / 'plate/test/good/000.png'), str(root / 'plate/test/spot/000.png')]
    inferencer = AnomalyInferencer(str(config), str(checkpoint))
    results = inferencer(paths, draw=True, out_dir=tmp_path / 'out')
    first, second = results['visualization']
    assert first.shape == second.shape and first.dtype == np.uint8 and not np.array_equal(first, second)
    for name, drawn in (('0000_000.png', first), ('0001_000.png', second)):
        assert np.array_equal(cv2.imread(str(tmp_path / 'out' / name))[..., ::-1], drawn)
    assert inferencer(paths[0], out_dir=tmp_path / 'more')['visualization'] == []
    assert [p.name for p in (tmp_path / 'more').iterdir()] == ['0000_000.png']


def test_data_samples(config, checkpoint, root):
    sample, = AnomalyInferencer(str(config), str(checkpoint))(
        str(root / 'plate/test/good/001.png'), return_datasamples=True)['predictions']
    assert int(sample.pred_label) == 1 and len(sample.level_maps) == 2  # 75 is above 70
    assert 'gt_label' not in sample and 'gt_mask' not in sample  # nobody knows


def test_a_checkpoint_of_another_method(config, checkpoint):
    torch.save(dict(state_dict={'decoder.weight': torch.zeros(3)}), checkpoint)
    with pytest.raises(UserError, match='not one of this config'):
        AnomalyInferencer(str(config), str(checkpoint))


def test_missing_files(config, checkpoint, tmp_path):
    with pytest.raises(UserError, match=r'none\.py does not exist'):
        AnomalyInferencer(str(tmp_path / 'none.py'), str(checkpoint))
    with pytest.raises(UserError, match=r'none\.pth does not exist'):
        AnomalyInferencer(str(config), str(tmp_path / 'none.pth'))


def test_pipelines_it_cannot_use(root, checkpoint, tmp_path):
    cfg = runner_cfg(root, tmp_path / 'run', [])
    steps = cfg.test_dataloader.dataset.pipeline
    cfg.test_dataloader.dataset.pipeline = [steps[0], dict(steps[1], size=(64, 64)),
                                            dict(type='CentreCrop', size=(32, 32)), steps[2]]
    inferencer = AnomalyInferencer(cfg, checkpoint)
    with pytest.raises(UserError, match='CentreCrop'):
        inferencer(np.zeros((64, 64), np.uint8))
    assert inferencer(np.zeros((64, 64), np.uint8), original_size=False)['predictions'][0]['pred_score'] == 0
    cfg.test_dataloader.dataset.pipeline = steps[1:]
    with pytest.raises(UserError, match='must begin with LoadInspectionImage'):
        AnomalyInferencer(cfg, checkpoint)


def test_batch_size(config, checkpoint):
    with pytest.raises(UserError, match='batch_size'):
        AnomalyInferencer(str(config), str(checkpoint))(np.zeros((4, 4), np.uint8), batch_size=0)


@pytest.fixture
def tiled(config, root, tmp_path):
    """The config, but with a test set of scans in tiles of 32x32."""
    cfg = runner_cfg(root, tmp_path / 'run', [], model=dict(gain=0.0))
    cfg.test_dataloader.dataset = dict(type='RepeatDataset', times=1, dataset=dict(
        type='TiledDataset', data_root=str(root / 'plate'), split='test', tile=32,
        pipeline=cfg.test_dataloader.dataset.pipeline))
    cfg.dump(tmp_path / 'tiled.py')
    return tmp_path / 'tiled.py'


def test_a_scan_is_cut_as_the_test_set_is(tiled, checkpoint, tmp_path):
    """A spot of 6x6 in 80x140, which would vanish at 32x32; also its map and its score are those of the tiles."""
    scan = np.full((80, 140, 3), 50, np.uint8)
    scan[60:66, 100:106] = 240
    cv2.imwrite(str(tmp_path / 'scan.png'), scan)
    inferencer = AnomalyInferencer(str(tiled), str(checkpoint))
    found = inferencer([str(tmp_path / 'scan.png'), scan[:, ::-1].copy(), np.full((40, 50), 60, np.uint8)],
                       batch_size=4, draw=True, out_dir=tmp_path / 'out')
    one, two, good = found['predictions']
    np.testing.assert_allclose(one['anomaly_map'], GAIN * scan[..., 0] / 255, rtol=1e-5)
    np.testing.assert_allclose(two['anomaly_map'], one['anomaly_map'][:, ::-1], rtol=1e-5)
    assert one['pred_score'] == two['pred_score'] == pytest.approx(GAIN * 240 / 255)
    assert [f['pred_label'] for f in (one, two, good)] == [1, 1, 0] and good['anomaly_map'].shape == (40, 50)
    assert len(found['visualization']) == 3 == len(list((tmp_path / 'out').iterdir()))
    sample, = inferencer(scan, return_datasamples=True)['predictions']
    assert sample.anomaly_map.shape == (80, 140) and int(sample.pred_label) == 1


def test_a_scan_that_was_written_anew_is_read_anew(tiled, checkpoint, tmp_path):
    inferencer, path, scores = AnomalyInferencer(str(tiled), str(checkpoint)), str(tmp_path / 'latest.png'), []
    for value in (51, 102):
        cv2.imwrite(path, np.full((64, 64), value, np.uint8))
        scores.append(inferencer(path)['predictions'][0]['pred_score'])
    assert scores == pytest.approx([GAIN * 0.2, GAIN * 0.4])


def test_what_scans_cannot_have(tiled, checkpoint):
    inferencer = AnomalyInferencer(str(tiled), str(checkpoint))
    with pytest.raises(UserError, match=r'array 0.*cannot be cut from a side of 20'):
        inferencer(np.zeros((20, 64), np.uint8))
    with pytest.raises(UserError, match='leave original_size out'):
        inferencer(np.zeros((64, 64), np.uint8), original_size=False)
    cfg = Config.fromfile(tiled)
    cfg.test_dataloader.dataset.dataset.pipeline.insert(2, dict(type='CentreCrop', size=32))
    with pytest.raises(UserError, match='do not cover the scan'):
        AnomalyInferencer(cfg, checkpoint)
