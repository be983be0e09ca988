"""Which operators are chosen, and that mmcv and mmdet work afterwards."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import mmcv
import mmengine.logging
import pytest
import torch

import mmcv_fallback
import mmcv_fallback.activation as activation
from mmcv_fallback import extension

WORKING = """
import torchvision
def nms(boxes, scores, iou_threshold, offset):
    return torchvision.ops.nms(boxes, scores, iou_threshold)
carafe_forward = nms
"""
BROKEN = {
    'import': 'raise ImportError("_ext.so: undefined symbol: _ZN3c105ErrorC2E")',
    'nms_raises': """
def nms(boxes, scores, iou_threshold, offset):
    raise RuntimeError('nms_impl: implementation for device cuda:0 not found.')
""",
    'nms_is_wrong': """
def nms(boxes, scores, iou_threshold, offset):
    return boxes.new_zeros(0)
""",
    'no_nms': '',
}
REASON = {
    'import': 'undefined symbol',
    'nms_raises': 'device cuda:0 not found',
    'nms_is_wrong': 'kept boxes',
    'no_nms': "no attribute 'nms'",
}


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Make this process one that has not activated yet; return the list of (message, level)."""
    lines: list[tuple[str, int]] = []
    monkeypatch.setattr(activation, '_backend', None)
    # To restore them: activate replaces both.
    monkeypatch.setattr(mmcv, '_ext', None, raising=False)
    monkeypatch.setitem(sys.modules, 'mmcv._ext', None)
    monkeypatch.setattr(
        mmengine.logging,
        'print_log',
        lambda message, logger, level=20: lines.append((message, level)),
    )
    return lines


def put_extension(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Install a file as the compiled extension of mmcv."""
    (folder / '_ext.py').write_text(code)
    monkeypatch.setattr(mmcv, '__path__', [str(folder), *mmcv.__path__])
    sys.modules.pop('mmcv._ext')


def test_without_compiled_operators(log: list) -> None:
    assert mmcv_fallback.activate() == 'fallback'
    assert mmcv_fallback.activate() == 'fallback'
    assert sys.modules['mmcv._ext'] is extension
    ((message, level),) = log
    assert 'operators of torchvision' in message and 'without compiled operators' in message
    assert level == logging.DEBUG
    assert mmcv_fallback.has_operator('nms')
    assert not mmcv_fallback.has_operator('carafe_forward')
    assert not mmcv_fallback.has_operator('__name__')


@pytest.mark.parametrize('kind', BROKEN)
def test_broken_compiled_operators_are_replaced(
    kind: str, log: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_extension(monkeypatch, tmp_path, BROKEN[kind])
    assert mmcv_fallback.activate() == 'fallback'
    assert sys.modules['mmcv._ext'] is extension
    ((message, level),) = log
    assert REASON[kind] in message
    assert level == 30  # unlike an ordinary install, this deserves a warning


def test_working_compiled_operators_are_preferred(
    log: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_extension(monkeypatch, tmp_path, WORKING)
    assert mmcv_fallback.activate() == 'compiled'
    assert sys.modules['mmcv._ext'].__file__ == str(tmp_path / '_ext.py')
    ((message, _),) = log
    assert 'compiled' in message and 'torchvision' not in message
    assert mmcv_fallback.has_operator('carafe_forward')
    assert not mmcv_fallback.has_operator('ball_query_forward')
    assert not mmcv_fallback.has_operator('__name__')


def test_operators_that_fail_on_the_gpu_are_replaced(
    log: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_extension(monkeypatch, tmp_path, WORKING)
    monkeypatch.setattr(activation, '_probe_devices', lambda: ['cpu', 'cuda:0'])
    probe = activation._probe

    def fail_on_gpu(nms: object, device: str) -> None:
        if device == 'cuda:0':
            raise RuntimeError('no kernel image is available for execution on the device')
        probe(nms, device)

    monkeypatch.setattr(activation, '_probe', fail_on_gpu)
    assert mmcv_fallback.activate() == 'fallback'
    assert 'no kernel image' in log[0][0]


def test_each_process_of_a_distributed_run_probes_its_own_gpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 4)
    assert activation._probe_devices() == ['cpu', 'cuda:0']
    monkeypatch.setenv('LOCAL_RANK', '3')
    assert activation._probe_devices() == ['cpu', 'cuda:3']
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 1)  # one visible GPU per process
    assert activation._probe_devices() == ['cpu', 'cuda:0']
    monkeypatch.setattr(torch.cuda, '_is_in_bad_fork', lambda: True)
    assert activation._probe_devices() == ['cpu']


def test_modules_imported_before_get_the_operators(
    log: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = ModuleType('mmcv.ops.early')
    early.ext_module = 'broken'
    monkeypatch.setitem(sys.modules, 'mmcv.ops.early', early)
    mmcv_fallback.activate()
    assert early.ext_module is extension


def test_torchvision_without_cuda_is_reported(log: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch._C, '_dispatch_has_kernel_for_dispatch_key', lambda *_: False)
    with pytest.raises(RuntimeError, match='it has no CUDA operators'):
        mmcv_fallback.activate()
    assert log == []
    assert sys.modules['mmcv._ext'] is None  # a second call finds the same state and says the same
    with pytest.raises(RuntimeError, match='it has no CUDA operators'):
        mmcv_fallback.activate()


def run(code: str, *path: Path) -> str:
    """Run code in a new interpreter with folders in front of the path; return what it printed."""
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join([*map(str, path), *sys.path])}
    result = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_import_alone_is_cheap() -> None:
    code = 'import sys, mmcv_fallback; print([m in sys.modules for m in ("torch", "mmcv")])'
    assert run(code).strip() == '[False, False]'


def test_mismatched_torchvision_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / 'torchvision.py').write_text(
        'raise RuntimeError("operator torchvision::nms does not exist")'
    )
    code = """
import sys
sys.modules['mmcv._ext'] = None
import mmcv_fallback
try:
    mmcv_fallback.activate()
except RuntimeError as error:
    print(error)
"""
    message = run(code, tmp_path)
    assert message.count('\n') == 1
    assert f'does not work with torch {torch.__version__}' in message
    assert 'operator torchvision::nms does not exist' in message
    assert f'pip install {activation.MATCHED_PAIR}' in message


def test_mmcv_ops_works_after_an_import_that_failed_half_way(tmp_path: Path) -> None:
    """Layers that were registered by then must not be registered again, and must work."""
    (tmp_path / '_ext.py').write_text(
        'nms = None\ndef __getattr__(name):\n'
        '    if name in ("roi_align_forward", "__path__"): raise AttributeError(name)\n'
        '    return None\n'
    )
    code = f"""
import sys, torch, mmcv
mmcv.__path__.insert(0, {str(tmp_path)!r})
try:
    import mmcv.ops
except AssertionError as error:
    print(error)
assert 'mmcv.ops' not in sys.modules and 'mmcv.ops.deform_conv' in sys.modules
layer = sys.modules['mmcv.ops.deform_conv'].DeformConv2dPack
import mmcv_fallback
mmcv_fallback.activate()
import mmcv.ops
assert mmcv.ops.DeformConv2dPack is layer and mmcv.ops.carafe is not None
assert mmcv.ops.psa_mask.PSAMask is mmcv.ops.PSAMask
print(tuple(layer(2, 3, 3, padding=1)(torch.ones(1, 2, 4, 4)).shape))
print(mmcv.ops.nms(torch.ones(1, 4), torch.ones(1), 0.5)[1].tolist())
"""
    lines = [line for line in run(code).splitlines() if 'mmengine' not in line]
    assert lines == ['roi_align_forward miss in module _ext', '(1, 3, 4, 4)', '[0]']


def test_mmdet_works_after_an_import_that_failed() -> None:
    code = """
import sys
sys.modules['mmcv._ext'] = None
try:
    import mmdet.models
except ModuleNotFoundError:
    print('failed')
import mmcv_fallback
mmcv_fallback.activate()
from mmdet.registry import MODELS
import mmdet.models
print(type(MODELS.build(dict(type='FPN', in_channels=[4], out_channels=4, num_outs=1))).__name__)
"""
    lines = run(code).splitlines()  # mmdet prints notes of its own
    assert 'failed' in lines and lines[-1] == 'FPN'
