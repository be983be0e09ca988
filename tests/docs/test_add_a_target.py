"""docs/add_a_target.md: its files are written down as they stand there, its test and its commands are run."""
from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import helpers
from guide_helpers import check_own_test, tool_of, write_blocks
from mminspect.core.errors import UserError
from mminspect.inspection import load_inspector
from mminspect.inspection.backends import runtime
from mminspect.inspection.export import target
from model_files import anomaly_files

GUIDE = (helpers.ROOT / 'docs/add_a_target.md').read_text()
MODULE = 'torch_program'
COMMANDS = [shlex.split(line) for line in re.search(r'```bash\n(.*?)```', GUIDE, re.S)[1].splitlines()]


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The guide's Python blocks under the names in their first lines, pictures and a checkpoint where it has them."""
    folder = tmp_path_factory.mktemp('guide')
    write_blocks(GUIDE, folder)
    anomaly_files(folder / 'work_dirs' / 'my_part').rename(folder / 'work_dirs' / 'my_part' / 'epoch_20.pth')
    random = np.random.default_rng(0)
    for part, count in (('good', 20), ('new', 3)):
        (folder / 'photos' / part).mkdir(parents=True)
        for i in range(count):
            cv2.imwrite(str(folder / 'photos' / part / f'{i}.png'), random.integers(0, 255, (64, 64, 3), np.uint8))
    with pytest.MonkeyPatch.context() as patch:
        for registry in (runtime._RUNTIMES, target._TARGETS):  # other tests know the project's own alone
            patch.setattr(registry, '_classes', dict(registry._classes))
        patch.chdir(folder)
        yield folder
    sys.modules.pop(MODULE, None)


def test_the_guides_own_test_passes(folder: Path) -> None:
    check_own_test(folder, 'test_torch_program.py', passed=2)


def test_without_the_import_the_suffix_is_unknown(folder: Path, call: Callable[..., tuple]) -> None:
    status, _, error = call('deploy/export', 'work_dirs/my_part/epoch_20.pth', '--out', 'other.pt2')
    assert status == 2 and 'other.pt2 must end in .onnx' in error and '--import' in error and error.count('\n') == 1
    (folder / 'other.pt2').touch()
    status, _, error = call('inspect_images', 'other.pt2', 'photos/new', '--out', 'none')
    assert status == 2 and 'other.pt2 is no model' in error and '--import' in error and error.count('\n') == 1


def test_its_commands_export_calibrate_and_inspect(folder: Path, call: Callable[..., tuple]) -> None:
    said = []
    for command in COMMANDS[:3]:
        assert command[0] == 'mminspect'
        status, out, error = call(tool_of(command[1]), *command[2:])
        assert status == 0, error
        said.append(out)
    assert 'largest difference from PyTorch: anomaly_map' in said[0] and 'stored in model.pt2' in said[1]
    assert '3 images' in said[2] and '(torch-program, median)' in said[2]
    ours, theirs = load_inspector('work_dirs/my_part/epoch_20.pth'), load_inspector('model.pt2')
    assert theirs.threshold.count == 20 and theirs.model.runtime == 'torch-program'
    for image in (folder / 'photos' / 'new').iterdir():
        np.testing.assert_allclose(theirs(image).anomaly_map, ours(image).anomaly_map, atol=1e-5)


def test_names_choose_as_well(folder: Path, call: Callable[..., tuple]) -> None:
    export = ('deploy/export', 'work_dirs/my_part/epoch_20.pth', '--import', MODULE, '--out')
    for arguments, sentence in (
            (('named.onnx', '--target', 'torch-program'), 'named.onnx must end in .pt2'),
            (('named.pt2', '--target', 'tensorrt'), "target 'tensorrt' is unknown: use one of onnx, torch-program"),
            (('named.pt2', '--opset', 17), '--opset is no option of the target torch-program'),
            (('named.pt2', '--int8', 'photos/good'), 'has no form in 8-bit integers')):
        status, _, error = call(*export, *arguments)
        assert status == 2 and sentence in error and error.count('\n') == 1
    assert call(*export, 'named.pt2', '--target', 'torch-program')[0] == 0
    assert load_inspector('named.pt2', runtime='torch-program').model.runtime == 'torch-program'
    for options, sentence in ((dict(runtime='onnxruntime'), 'onnxruntime reads .onnx files and not'),
                              (dict(precision='bf16'), 'computes named.pt2 in f32, not in bf16: leave'),
                              (dict(device='mps'), 'runs on the CPU or cuda')):
        with pytest.raises(UserError, match=sentence):
            load_inspector('named.pt2', **options)


def test_the_station_runs_it(folder: Path) -> None:
    """With the module named, in the worker, which finds it in the working directory."""
    pytest.importorskip('django', reason='the station is an extra: pip install .[web]')
    pytest.importorskip('channels')
    from station_site import Client, eventually
    from station_tool import Tool
    command = COMMANDS[3]
    assert command[:2] == ['mminspect', 'station'] and (folder / 'model.pt2').is_file()
    tool = Tool(folder / 'station', *command[2:], '--port', '0', PYTHONPATH=str(helpers.ROOT / 'projects'))
    try:
        client = Client(tool.port())
        eventually(lambda: client.get('/api/status').json['state'] == 'running', 60)
        client.get('/')
        picture = (folder / 'photos' / 'new' / '0.png').read_bytes()
        assert client.send('/api/detect', [('a.png', picture)]).json['runtime'] == 'torch-program'
    finally:
        tool.process.kill()
        tool.end()
