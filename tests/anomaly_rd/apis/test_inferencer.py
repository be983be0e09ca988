"""The inferencer with a model whose anomaly map is the brightness (0..1) times its gain."""
import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner

from anomaly_rd.apis import AnomalyInferencer
from anomaly_rd.registry import INFERENCERS
from mminspect.core.errors import UserError
from mminspect.decisions import NormalImage, fit_calibration
from mminspect.inspection import load_inspector
from mminspect.inspection.output.overlay import draw_overlay
from mminspect.models.stored_config import CONFIG_KEY, as_stored
from model_files import detector_files
from station_helpers import model_cfg, runner_cfg, write_category

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
    """Threshold 70 / 255 * GAIN, from two normal images; it holds the config too."""
    init_default_scope('anomaly_rd')
    model = MODELS.build(model_cfg(gain=GAIN))
    levels = [GAIN * value / 255 for value in (40, 70)]
    calibration = fit_calibration([NormalImage(level, (level,), (level,)) for level in levels], 'max')
    return save(tmp_path / 'brightness.pth', config, state_dict=model.state_dict(), threshold=calibration.state())


def save(path, config, **content):
    torch.save({**content, CONFIG_KEY: as_stored(Config.fromfile(config))}, path)
    return path


def test_it_is_registered(config, checkpoint):
    built = INFERENCERS.build(dict(type='AnomalyInferencer', config=str(config), checkpoint=str(checkpoint)))
    assert isinstance(built, AnomalyInferencer)


def test_the_checkpoint_alone_is_enough(config, checkpoint, root):
    both = AnomalyInferencer(str(config), str(checkpoint))(root / 'plate/test/spot')['predictions']
    config.unlink()
    alone = AnomalyInferencer(checkpoint)(root / 'plate/test/spot')['predictions']
    for one, other in zip(both, alone, strict=True):
        assert np.array_equal(one.pop('anomaly_map'), other.pop('anomaly_map')) and one == other


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
    # the map came back to the image's size, not to another orientation
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
    inspector = load_inspector(checkpoint)
    for name, drawn, path in (('0000_000.png', first, paths[0]), ('0001_000.png', second, paths[1])):
        assert np.array_equal(cv2.imread(str(tmp_path / 'out' / name))[..., ::-1], drawn)
        ((pixels, result),) = inspector.pairs([path])
        assert np.array_equal(drawn, draw_overlay(pixels, result, inspector.calibration.fused))
    assert inferencer(paths[0], out_dir=tmp_path / 'more')['visualization'] == []
    assert [p.name for p in (tmp_path / 'more').iterdir()] == ['0000_000.png']


def test_a_bar_that_changes_nothing(checkpoint, root):
    quiet, shown = (AnomalyInferencer(checkpoint, show_progress=bar)(root / 'plate/test/good') for bar in (False, True))
    assert [f['pred_score'] for f in quiet['predictions']] == [f['pred_score'] for f in shown['predictions']]


def test_a_detector_is_no_anomaly_model(tmp_path):
    with pytest.raises(UserError, match='of kind detection, not an anomaly model'):
        AnomalyInferencer(detector_files(tmp_path / 'gfl'))


def test_a_checkpoint_of_another_method(config, checkpoint):
    torch.save(dict(state_dict={'decoder.weight': torch.zeros(3)}), checkpoint)
    with pytest.raises(UserError, match='not one of this config'):
        AnomalyInferencer(str(config), str(checkpoint))


def test_missing_files(config, checkpoint, tmp_path):
    with pytest.raises(UserError, match=r'none\.py does not exist'):
        AnomalyInferencer(str(tmp_path / 'none.py'), str(checkpoint))
    with pytest.raises(UserError, match=r'none\.pth does not exist'):
        AnomalyInferencer(str(config), str(tmp_path / 'none.pth'))


@pytest.fixture
def cropped(root, tmp_path):
    """The config, but images become 64x64 and the model sees the 32x32 in the middle."""
    cfg = runner_cfg(root, tmp_path / 'run', [], model=dict(gain=0.0))
    steps = cfg.test_dataloader.dataset.pipeline
    cfg.test_dataloader.dataset.pipeline = [steps[0], dict(steps[1], size=(64, 64)),
                                            dict(type='CentreCrop', size=(32, 32)), steps[2]]
    return cfg


def test_what_a_crop_leaves_out_is_unknown(cropped, checkpoint):
    image = np.zeros((128, 128), np.uint8)
    image[:20], image[60:68, 60:68] = 255, 102
    found, = AnomalyInferencer(cropped, checkpoint)(image)['predictions']
    assert found['pred_score'] == pytest.approx(GAIN * 102 / 255) and found['anomaly_map'].shape == (128, 128)
    known = np.isfinite(found['anomaly_map'])
    assert known[34:94, 34:94].all() and not known[:30].any() and not known[:, 98:].any()
    assert np.nanmax(found['anomaly_map']) == pytest.approx(found['pred_score'])


def test_pipelines_it_cannot_use(cropped, checkpoint):
    cropped.test_dataloader.dataset.pipeline.insert(1, dict(type='RandomFlip', prob=1.0))
    with pytest.raises(UserError, match=r'has a RandomFlip that an inspection .* does not do'):
        AnomalyInferencer(cropped, checkpoint)


def test_batch_size(config, checkpoint):
    with pytest.raises(UserError, match='batch must be at least 1'):
        AnomalyInferencer(str(config), str(checkpoint))(np.zeros((4, 4), np.uint8), batch_size=0)


@pytest.mark.parametrize(('inputs', 'said'), [
    (np.zeros((2, 2)), 'array 0'), ([np.zeros((2, 2, 2), np.uint8)], 'array 0'),
    (np.zeros((0, 5, 3), np.uint8), 'array 0 has no pixels')])
def test_arrays_that_are_no_images(inputs, said, checkpoint):
    with pytest.raises(UserError, match=said):
        AnomalyInferencer(checkpoint)(inputs)


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


def test_a_scan_that_was_written_anew_is_read_anew(tiled, checkpoint, tmp_path):
    inferencer, path, scores = AnomalyInferencer(str(tiled), str(checkpoint)), str(tmp_path / 'latest.png'), []
    for value in (51, 102):
        cv2.imwrite(path, np.full((64, 64), value, np.uint8))
        scores.append(inferencer(path)['predictions'][0]['pred_score'])
    assert scores == pytest.approx([GAIN * 0.2, GAIN * 0.4])


def test_scans_of_a_cropping_model(tiled, checkpoint):
    cfg = Config.fromfile(tiled)
    cfg.test_dataloader.dataset.dataset.pipeline.insert(2, dict(type='CentreCrop', size=32))
    with pytest.raises(UserError, match='maps of tiles do not cover the image'):
        AnomalyInferencer(cfg, checkpoint)


@pytest.mark.parametrize('kind', ['whole', 'tiled', 'overlapping', 'calibrated on other tiles', 'cropped'])
def test_equal_to_the_inspection_bit_for_bit(kind, config, tiled, cropped, checkpoint, tmp_path, caplog):
    """Maps, scores, decisions, tiles, overlaps and warnings."""
    cfg = dict(whole=Config.fromfile(config), cropped=cropped).get(kind) or Config.fromfile(tiled)
    if kind == 'overlapping':
        cfg.test_dataloader.dataset.dataset.overlap = 12
    content = torch.load(checkpoint, weights_only=True)
    if kind == 'calibrated on other tiles':
        content['threshold'].update(tile=40, overlap=3)
    torch.save({**content, CONFIG_KEY: as_stored(cfg)}, checkpoint)
    options = dict(tile=24, overlap=7) if kind == 'calibrated on other tiles' else {}
    said = []
    for door in (load_inspector, AnomalyInferencer):
        caplog.clear()
        made = door(checkpoint, **options)
        said.append(caplog.messages)
    inspector, inferencer = load_inspector(checkpoint, **options), made
    # the threshold of a training on tiles is one of tiles, not of images that are cut into them
    assert said[0] == said[1] and len(said[0]) == (kind not in ('whole', 'cropped'))
    assert inferencer.inspector.model == inspector.model
    assert (inspector.tile, inspector.overlap) == dict(
        whole=(None, None), cropped=(None, None), tiled=(32, 4), overlapping=(32, 12)).get(kind, (24, 7))
    rng, images = np.random.default_rng(0), []
    for number, shape in enumerate([(80, 140, 3), (33, 64), (20, 90, 3)]):
        images.append(str(tmp_path / f'{number}.png'))
        cv2.imwrite(images[-1], rng.integers(0, 256, shape, dtype=np.uint8))
    images.append(rng.integers(0, 2**16, (64, 64), dtype=np.uint16))
    found = inferencer(images, batch_size=3)['predictions']
    for result, prediction in zip(inspector.many(images, batch=3), found, strict=True):
        assert np.array_equal(result.anomaly_map, prediction['anomaly_map'], equal_nan=True)
        assert (result.image, result.score, result.is_defect, result.threshold.value) == (
            prediction['img_path'], prediction['pred_score'], bool(prediction['pred_label']), prediction['threshold'])
