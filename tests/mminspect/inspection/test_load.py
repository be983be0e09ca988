"""Inspectors from files, with networks that cost nothing in place of the real ones."""
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

import mminspect.inspection.backends
import mminspect.inspection.networks
from inspection_helpers import Brightness, anomaly_spec, bright, calibration
from mminspect.core.errors import UserError
from mminspect.decisions import NormalScores
from mminspect.inspection import load_inspector


@pytest.fixture
def opened(monkeypatch):
    """What was opened: (path, runtime, precision) of an export, (config, weights, device) of a checkpoint."""
    seen = []
    scores = NormalScores.of([i / 100 for i in range(1, 100)])

    def network(*what):
        seen.append(what)
        return Brightness(anomaly_spec(calibration=calibration(scores=scores).state()))
    monkeypatch.setattr(mminspect.inspection.backends, 'open_network',
                        lambda path, runtime, precision, device: network(path, runtime, precision))
    monkeypatch.setattr(mminspect.inspection.networks, 'build_network',
                        lambda cfg, opened, device: network(cfg.filename, sorted(opened.weights), device))
    return seen


@pytest.fixture
def folder(tmp_path):
    for name in ('model.onnx', 'notes.txt'):
        (tmp_path / name).touch()
    config = dict(name='method.py', values=dict(default_scope='anomaly_rd', model=dict(type='ReverseDistillation')))
    torch.save(dict(state_dict={'w.pth': torch.ones(1)}, config=config), tmp_path / 'epoch_1.pth')
    save_file({'w.safetensors': torch.ones(1)}, tmp_path / 'weights.safetensors')
    trace = str(tmp_path / 'beside.ran')  # mmengine runs a copy, in another folder
    (tmp_path / 'beside.py').write_text(f'import os\nos.close(os.open({trace!r}, os.O_CREAT))\nmodel = dict()')
    return tmp_path


@pytest.mark.parametrize('runtime', [None, 'onnxruntime', 'openvino'])
def test_exported_model(folder, opened, runtime):
    inspector = load_inspector(folder / 'model.onnx', runtime=runtime, precision='bf16')
    assert opened == [(folder / 'model.onnx', runtime, 'bf16')] and inspector(bright(200)).is_defect is True


def test_checkpoint_with_its_own_config_and_never_with_one_that_lies_beside_it(folder, opened):
    load_inspector(str(folder / 'epoch_1.pth'), runtime='pytorch', device='cpu')
    assert opened == [('method.py', ['w.pth'], 'cpu')] and not (folder / 'beside.ran').exists()


@pytest.mark.parametrize('suffix', ['epoch_1.pth', 'weights.safetensors'])
def test_checkpoint_with_a_config_that_is_named(folder, opened, suffix):
    load_inspector(folder / suffix, config=folder / 'beside.py')
    assert opened == [(str(folder / 'beside.py'), ['w' + folder.joinpath(suffix).suffix], 'cpu')]
    assert (folder / 'beside.ran').exists()  # which shows that the test above can fail


def test_options_reach_the_inspector(folder, opened):
    inspector = load_inspector(folder / 'model.onnx', tile=64, overlap=16, threshold=0.25)
    assert (inspector.tile, inspector.overlap, inspector.threshold.value) == (64, 16, 0.25)
    assert inspector.threshold.origin == 'given'


def test_other_tiles_than_the_calibrations_are_told(folder, opened, caplog):
    load_inspector(folder / 'model.onnx', tile=64, overlap=16, threshold=0.25)  # a threshold of one's own
    load_inspector(folder / 'model.onnx')
    assert not caplog.messages
    load_inspector(folder / 'model.onnx', tile=64)
    assert ('on single pictures or tiles, as the training saw them, and images are inspected on tiles of 64 pixels '
            'that overlap by 8') in caplog.messages[0]


def test_false_reject_rate_chooses_from_the_stored_scores(folder, opened):
    assert load_inspector(folder / 'model.onnx', false_reject_rate=0.1).threshold.value == 0.9
    with pytest.raises(UserError, match='999 at least'):
        load_inspector(folder / 'model.onnx', false_reject_rate=0.001)


def test_false_reject_rate_needs_scores(folder, monkeypatch):
    for state in (None, calibration().state()):
        monkeypatch.setattr(mminspect.inspection.backends, 'open_network',
                            lambda path, state=state, **_: Brightness(anomaly_spec(calibration=state)))
        with pytest.raises(UserError, match='mminspect calibrate'):
            load_inspector(folder / 'model.onnx', false_reject_rate=0.1)


@pytest.mark.parametrize('name, options, said', [
    ('none.onnx', {}, 'does not exist'),
    ('none.pth', {}, 'does not exist'),
    ('.', {}, 'is a folder: name a file in it'),
    ('notes.txt', {}, 'is no model'),
    ('notes.txt', dict(imports=['not_here']), 'needs the Python module not_here'),
    ('model.onnx', dict(runtime='tensorrt'), "'tensorrt' is unknown: use one of onnxruntime, openvino"),
    ('model.onnx', dict(runtime='tensorrt', imports=['not_here']), 'needs the Python module not_here'),
    ('model.onnx', dict(runtime='pytorch'), 'give its checkpoint'),
    ('epoch_1.pth', dict(runtime='openvino'), 'export it first'),
    ('epoch_1.pth', dict(runtime='tensorrt'), 'unknown'),
    ('epoch_1.pth', dict(precision='bf16'), 'export it first'),
    ('epoch_1.pth', dict(device='cuda:99'), "device 'cuda:99' cannot be used"),
    ('epoch_1.pth', dict(device='gpu'), "device 'gpu' cannot be used"),
    ('epoch_1.pth', dict(device='meta'), "device 'meta' cannot be used"),
    ('epoch_1.pth', dict(device=''), "device '' cannot be used"),
    ('model.onnx', dict(device='cuda'), 'runs on the CPU'),
    ('model.onnx', dict(threshold=0.1, false_reject_rate=0.1), 'one of them'),
])
def test_mistakes(folder, opened, name, options, said):
    with pytest.raises(UserError, match=said):
        load_inspector(folder / name, **options)
    assert not opened


def test_a_checkpoint_without_a_config(folder, opened):
    torch.save(dict(state_dict={}), folder / 'epoch_1.pth')
    for name in ('epoch_1.pth', 'weights.safetensors'):
        with pytest.raises(UserError, match=r'holds no config: .*--config'):
            load_inspector(folder / name)
    assert not opened and not (folder / 'beside.ran').exists()


def test_an_exported_model_needs_no_torch():
    """Which takes seconds and half a gigabyte to load, in every worker of a station."""
    code = '''
import sys
from types import SimpleNamespace as Some
from mminspect.inspection.backends import open_network
from mminspect.inspection.load import _tell_tiles
_tell_tiles(Some(spec=Some(name="m"), calibration=Some(tile=0, overlap=None), tile=8, overlap=1))
sys.exit("torch" in sys.modules)
'''
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0 and 'threshold of m was chosen without tiles' in done.stderr
