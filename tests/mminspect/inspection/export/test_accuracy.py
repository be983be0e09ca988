"""What is said about the loss by quantisation."""
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_helpers import RD4AD, small_cfg
from inspection_helpers import Brightness, Corners, anomaly_spec, detection_spec
from mminspect.core.errors import UserError
from mminspect.inspection.export.accuracy import ScoreChange, load_test_set, lost_accuracy, measure, score_change
from mminspect.vision.images import read_image, read_mask

SIDE = 64


class Dimmed(Brightness):
    """Another map: the blue channel's."""

    def __call__(self, images):
        return super().__call__(np.repeat(images[..., 2:], 3, axis=3))


@pytest.fixture
def root(tmp_path) -> Path:
    """Four good and four defective images of noise, the defects a little brighter, and a folder of normal ones."""
    rng = np.random.default_rng(0)
    for i in range(4):
        for kind in ('train/good', 'test/good', 'test/hole'):
            image = rng.integers(0, 240, (SIDE, SIDE, 3), dtype=np.uint8)
            mask = np.zeros((SIDE, SIDE), np.uint8)
            if kind == 'test/hole':
                image[10:20, 10:30] += 12
                mask[10:20, 10:30] = 255
                (tmp_path / 'part/ground_truth/hole').mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(tmp_path / f'part/ground_truth/hole/{i}_mask.png'), mask)
            path = tmp_path / 'part' / kind / f'{i}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), image)
    return tmp_path


@pytest.fixture
def cfg(root):
    cfg = small_cfg(RD4AD)
    cfg.test_dataloader.dataset.update(data_root=str(root), category='part')
    return cfg


def spec(**changed):
    return anomaly_spec(input_size=(SIDE, SIDE), **changed)


def test_auroc_of_both_as_scikit_learn_has_it(cfg, root) -> None:
    networks = dict(exact=Brightness(spec()), quantized=Dimmed(spec()))
    found = measure(cfg, networks, load_test_set(cfg))
    paths = sorted((root / 'part/test').rglob('*.png'))
    images = np.stack([read_image(path) for path in paths]).astype(np.float32)
    labels = [path.parent.name != 'good' for path in paths]
    masks = [read_mask(root / 'part/ground_truth/hole' / f'{path.stem}_mask.png') if bad else np.zeros((SIDE, SIDE))
             for path, bad in zip(paths, labels, strict=True)]
    for name, network in networks.items():
        outputs = network(images)
        expected = dict(image_auroc=roc_auc_score(labels, outputs['pred_score']),
                        pixel_auroc=roc_auc_score(np.ravel(masks) > 0, np.ravel(outputs['anomaly_map'])))
        assert found[name] == pytest.approx(expected, abs=1e-4)
    assert networks['exact'].batches[:8] == [(1, SIDE, SIDE, 3)] * 8


def test_the_test_set_is_not_kept_in_memory(cfg) -> None:
    cfg.test_dataloader.dataset.cache = True
    assert load_test_set(cfg).cache is False


def test_a_network_without_a_map_has_image_metrics(cfg) -> None:
    network = Brightness(spec(outputs=('pred_score',)))
    assert set(measure(cfg, dict(only=network), load_test_set(cfg))['only']) == {'image_auroc'}


def test_differences_by_hand() -> None:
    images = [np.full((1, 32, 32, 3), grey, np.float32) for grey in (51, 102, 204)]
    for image in images:
        image[..., 2] += 25.5
    change = score_change(Brightness(), Dimmed(), images)
    apart = 25.5 / 255 * 2 / 3  # blue is brighter than the mean colour
    assert change.images == 3 and change.largest == pytest.approx(apart) and change.mean == pytest.approx(apart)
    assert change.deviation == pytest.approx(np.std([0.2, 0.4, 0.8]), abs=1e-6)
    assert str(change).startswith('scores of 3 images differ by 0.06667 at most')


@pytest.mark.parametrize(('images', 'mean', 'deviation', 'is_considerable'), [
    (40, 0.2868, 0.1139, True), (40, 0.026, 0.1, True), (40, 0.025, 0.1, False), (1, 0.3, 0.0, False),
    (40, 0.1, 0.0, True), (40, 0.0, 0.0, False)])
def test_a_change_that_is_worth_a_warning(images, mean, deviation, is_considerable) -> None:
    assert ScoreChange(images, 1.0, mean, deviation).is_considerable == is_considerable


def test_a_detector_s_score_is_its_best_box_s() -> None:
    pixels = np.full((1, 32, 64, 3), 51, np.float32)
    pixels[:, :16, :32] = 102
    assert score_change(Corners(), Corners(), [pixels]).largest == 0
    assert Corners()(pixels)['scores'].max() == pytest.approx(0.4)


def test_in_words(cfg, root) -> None:
    networks, normal = (Brightness(spec()), Dimmed(spec())), sorted((root / 'part/train/good').iterdir())
    said = lost_accuracy(cfg, *networks, normal)
    assert said.startswith('int8 on the 8 images of the test set: image_auroc 0.') and '->' in said
    change = score_change(*networks, [read_image(path)[None].astype(np.float32) for path in normal])
    lines = lost_accuracy(cfg, *networks, normal, 'normal').splitlines()
    assert lines == said.splitlines()[1:] and lines[0] == f'int8 on normal images: {change}'
    assert change.is_considerable and len(lines) == 2
    assert lines[1].startswith(f'warning: int8 changes the scores by {change.mean:.4g} on average, '
                               f'{change.mean / change.deviation:.2g} times their standard deviation')
    assert 'warning' not in lost_accuracy(cfg, networks[0], networks[0], normal)
    cfg.test_dataloader.dataset.data_root = str(root / 'elsewhere')
    assert 'scores of 4 images differ' in lost_accuracy(cfg, *networks, normal)
    with pytest.raises(UserError, match='elsewhere'):
        lost_accuracy(cfg, *networks, normal, 'test')
    detectors = (Corners(detection_spec()), Corners(detection_spec()))
    assert 'scores of 4 images differ by 0 at most' in lost_accuracy(cfg, *detectors, normal)
    with pytest.raises(UserError, match='--eval normal'):
        lost_accuracy(cfg, *detectors, normal, 'test')


@pytest.mark.parametrize('change', [lambda cfg: cfg.pop('test_evaluator'), lambda cfg: cfg.update(test_evaluator=[])])
def test_a_config_that_measures_nothing(cfg, change) -> None:
    dataset = load_test_set(cfg)
    change(cfg)
    with pytest.raises(UserError, match='has no test_evaluator'):
        measure(cfg, dict(only=Brightness(spec())), dataset)


def test_the_metric_is_the_config_s_own(cfg, monkeypatch) -> None:
    """Of several the first; whoever registers another one gets it."""
    from mmengine.registry import METRICS

    class Counting:
        def __init__(self, metrics):
            self.metrics, self.seen = metrics, []

        def process(self, batch, samples):
            self.seen += [sample['pred_score'] for sample in samples]

        def evaluate(self, size):
            return dict.fromkeys(self.metrics, len(self.seen) / size)
    monkeypatch.setitem(METRICS.module_dict, 'Counting', Counting)
    cfg.test_evaluator = [dict(type='mmengine.Counting'), dict(type='AnomalyMetric')]
    found = measure(cfg, dict(only=Brightness(spec())), load_test_set(cfg))
    assert found == dict(only=dict(image_auroc=1.0, pixel_auroc=1.0))
