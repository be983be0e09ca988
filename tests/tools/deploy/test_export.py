"""tools/deploy/export.py from the command line."""
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_helpers import MKD, RD4AD, build_small, small_cfg
from inspection_helpers import calibration
from mminspect import runtime
from mminspect.inspection.backends import model_spec
from mminspect.inspection.load import load_inspector
from mminspect.inspection.networks import build_network
from mminspect.models.stored_config import as_stored
from model_files import detector_files


@pytest.fixture
def normal(tmp_path) -> Path:
    """A folder of three normal images, also the training and test set of a category 'part'."""
    folder, rng = tmp_path / 'data/part/train/good', np.random.default_rng(0)
    for name in ('train/good', 'test/good', 'test/hole'):
        (tmp_path / 'data/part' / name).mkdir(parents=True)
        for i in range(3):
            cv2.imwrite(str(tmp_path / 'data/part' / name / f'{i}.png'), rng.integers(0, 255, (64, 64, 3), np.uint8))
    return folder


@pytest.fixture
def trained(tmp_path, normal):
    """A function of a config's path: the config file and a checkpoint with a threshold."""
    def make(path=RD4AD, **more):
        cfg = small_cfg(path)
        cfg.test_dataloader.dataset.update(data_root=str(tmp_path / 'data'), category='part')
        model = build_small(cfg)
        torch.save(dict(state_dict=model.state_dict(), threshold=calibration().state(), **more), tmp_path / 'last.pth')
        cfg.dump(tmp_path / 'small.py')
        return tmp_path / 'small.py', tmp_path / 'last.pth'
    return make


def test_file_and_what_is_printed(trained, tmp_path, call) -> None:
    config, checkpoint = trained()
    status, out, error = call('deploy/export', config, checkpoint, '--out', tmp_path / 'out' / 'model.onnx')
    assert status == 0, error
    spec = model_spec(tmp_path / 'out' / 'model.onnx')
    assert spec == build_network(runtime.load_config(str(config)), str(checkpoint)).spec
    assert spec.calibration == calibration().state() and spec.name == 'small'
    assert spec.fingerprint in out and 'largest difference from PyTorch: anomaly_map' in out and 'pred_score' in out
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['model.onnx']


def test_int8_beside_it_and_what_it_loses(trained, normal, tmp_path, call) -> None:
    config, checkpoint = trained()
    status, out, error = call('deploy/export', config, checkpoint, '--out', tmp_path / 'model.onnx', '--int8', normal)
    assert status == 0, error
    assert model_spec(tmp_path / 'model.int8.onnx').name == 'small-int8'
    assert 'int8 on the 6 images of the test set: image_auroc' in out
    status, out, _ = call('deploy/export', config, checkpoint, '--out', tmp_path / 'model.onnx', '--int8', normal,
                          '--eval', 'normal')
    assert status == 0 and 'scores of 3 images differ by' in out and 'of the test set' not in out
    small = tmp_path / 'model.int8.onnx'
    assert (f'warning: {small} has no threshold, since the images that 0.6 of model.onnx was chosen on are not all '
            f'among those of --int8: run mminspect calibrate {small} GOOD --false-reject-rate 0.01, ') in out
    assert model_spec(small).calibration is None
    assert model_spec(tmp_path / 'model.onnx').calibration is not None


def test_int8_with_a_threshold_of_its_own_scores(trained, normal, tmp_path, call) -> None:
    """Chosen on the calibration's two images, which are among three, as the larger score."""
    config, checkpoint = trained()
    assert call('deploy/export', config, checkpoint, '--out', tmp_path / 'model.onnx')[0] == 0
    good = tmp_path / 'kept'
    good.mkdir()
    for name in ('0.png', '2.png'):
        shutil.copy(normal / name, good)
    status, _, error = call('calibrate', checkpoint, good, '--config', config, '--false-reject-rate', 0.4)
    assert status == 0, error
    status, out, error = call('deploy/export', config, checkpoint, '--out', tmp_path / 'model.onnx', '--int8', normal)
    assert status == 0, error
    small = load_inspector(tmp_path / 'model.int8.onnx')
    scores = [small(good / name).score for name in ('0.png', '2.png')]
    assert small.threshold.value == max(scores) and small.calibration.scores.values == tuple(sorted(scores))
    exact = load_inspector(tmp_path / 'model.onnx')
    assert small.threshold.rule == exact.threshold.rule == 'false-reject rate 40 %'
    same = f'{exact.threshold.value:.4g} of model.onnx'
    assert f'threshold of int8: {small.threshold}, on the same images as {same}' in out


def test_scores_alone(trained, tmp_path, call, messages) -> None:
    status, out, error = call('deploy/export', *trained(MKD), '--out', tmp_path / 'model.onnx')
    assert status == 0, error
    assert 'anomaly_map' not in out and any('pred_score alone' in line for line in messages)


def test_detector(tmp_path, normal, call) -> None:
    checkpoint = detector_files(tmp_path / 'gfl')
    config = next((tmp_path / 'gfl').glob('*.py'))
    status, out, error = call('deploy/export', config, checkpoint, '--out', tmp_path / 'model.onnx', '--int8', normal)
    assert status == 0, error
    assert 'boxes' in out and 'int8 on normal images: scores of 3 images differ' in out
    assert 'model.int8.onnx has no threshold, since the images that' in out
    content = torch.load(checkpoint, weights_only=False)
    content.pop('threshold')
    torch.save(content, checkpoint)
    status, out, error = call('deploy/export', config, checkpoint, '--out', tmp_path / 'model.onnx', '--int8', normal)
    assert status == 0, error
    assert 'model.int8.onnx has no threshold, as model.onnx has none: run mminspect calibrate ' in out


@pytest.mark.parametrize(('arguments', 'said'), [
    (['--out', 'model.pt'], 'must end in .onnx'),
    (['--out', 'model.onnx', '--opset', '11'], 'opset 11 cannot be exported'),
    (['--out', 'a_file/model.onnx'], "a_file' is a file: name a folder"),
    (['--out', 'folder.onnx'], 'folder.onnx is a folder: name a file'),
    (['--out', 'model.onnx', '--int8', 'nowhere'], "nowhere' does not exist"),
    (['--out', 'model.onnx', '--eval', 'test'], '--eval belongs to --int8')])
def test_mistakes(trained, tmp_path, call, monkeypatch, arguments, said) -> None:
    files = trained()
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a_file').touch()
    (tmp_path / 'folder.onnx').mkdir()
    status, _, error = call('deploy/export', *files, *arguments)
    assert status == 2 and said in error and not list(tmp_path.glob('model*'))


def test_checkpoint_of_another_model(trained, tmp_path, call) -> None:
    config, checkpoint = trained()
    torch.save(dict(state_dict=dict(weight=torch.zeros(3))), checkpoint)
    status, _, error = call('deploy/export', config, checkpoint, '--out', tmp_path / 'model.onnx')
    assert status == 2 and 'is not one of this config' in error and error.count('\n') == 1
    assert not (tmp_path / 'model.onnx').exists()


def test_a_centre_crop_travels_along(trained, tmp_path, call) -> None:
    config, checkpoint = trained()
    text = config.read_text()
    config.write_text(text + "\ntest_dataloader['dataset']['pipeline'].insert(2, dict(size=32, type='CentreCrop'))\n")
    status, _, error = call('deploy/export', config, checkpoint, '--out', tmp_path / 'model.onnx')
    assert status == 0, error
    spec = model_spec(tmp_path / 'model.onnx')
    assert (spec.image_size, spec.input_size) == ((64, 64), (32, 32))


def test_without_a_config_file_the_one_in_the_checkpoint_is_used(trained, tmp_path, call) -> None:
    config, checkpoint = trained()
    for arguments, said in (([checkpoint], 'holds no config: name the config file'),
                            ([config, checkpoint, '--config', config], 'a config and a checkpoint at most')):
        status, _, error = call('deploy/export', *arguments, '--out', tmp_path / 'model.onnx')
        assert status == 2 and said in error and not (tmp_path / 'model.onnx').exists()
    assert call('deploy/export', checkpoint, '--config', config, '--out', tmp_path / 'named.onnx')[0] == 0
    trained(config=as_stored(runtime.load_config(str(config))))
    config.write_text('raise SystemExit(7)')
    assert call('deploy/export', checkpoint, '--out', tmp_path / 'model.onnx')[0] == 0
    assert model_spec(tmp_path / 'model.onnx') == model_spec(tmp_path / 'named.onnx')
