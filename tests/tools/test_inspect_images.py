"""tools/inspect_images.py on the whole way with real models, and that no tool hides a module of Python's own."""
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from helpers import ROOT, content
from inspection_helpers import write_images
from mminspect.inspection import load_inspector
from mminspect.inspection.export import export_onnx
from model_files import anomaly_files, detector_files

TOOLS = ROOT / 'tools'
#: Starts each tool with --help in one process, which imports everything for the first time with tools/ in front.
START_ALL = """
import runpy, sys
assert 'inspect' not in sys.modules
sys.path.insert(0, sys.argv[1])
for tool in sys.argv[2:]:
    sys.argv = [tool, '--help']
    try:
        runpy.run_path(tool, run_name='__main__')
    except SystemExit as end:
        assert not end.code, (tool, end.code)
        print('started', tool)
import inspect
print(inspect.__file__, inspect.signature(lambda a, *b: 0))
"""


def python(*arguments, cwd=None):
    return subprocess.run([sys.executable, '-W', 'ignore', *map(str, arguments)], cwd=cwd, capture_output=True,
                          text=True, timeout=300)


def test_every_tool_starts(tmp_path):
    """All but the set-up, which has no options and imports nothing."""
    tools = sorted(path for path in TOOLS.glob('*.py') if path.name != 'bootstrap.py')
    assert {'train', 'test', 'sweep', 'demo', 'inspect_images', 'calibrate'} <= {tool.stem for tool in tools}
    done = python('-c', START_ALL, TOOLS, *tools, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    started = [line.split()[1] for line in done.stdout.splitlines() if line.startswith('started ')]
    assert started == list(map(str, tools))
    file, signature = done.stdout.splitlines()[-1].split(maxsplit=1)
    assert not file.startswith(str(ROOT / 'tools')) and signature == '(a, *b)'


@pytest.mark.parametrize('script, cwd', [(TOOLS / 'train.py', '/'), ('inspect_images.py', TOOLS)])
def test_scripts_start_from_any_folder(script, cwd):
    done = python(script, '--help', cwd=cwd)
    assert done.returncode == 0 and 'usage: ' in done.stdout, done.stderr[-3000:]


def test_no_script_has_the_name_of_a_module_of_python():
    """Python puts the folder of a script first on its search path, so that libraries would import the script."""
    names = {path.stem for path in TOOLS.rglob('*.py')}
    assert 'inspect_images' in names and 'inspect' in sys.stdlib_module_names
    assert names & sys.stdlib_module_names == set()  # Python leaves its package `test` out, which no library imports


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / 'images', a=(80, None), b=(90, 250), sub__a=(100, None))


@pytest.mark.parametrize('family', ['rd4ad', 'GFL'])
def test_checkpoint_and_export_say_the_same(family, images, tmp_path, call):
    checkpoint = (anomaly_files if family == 'rd4ad' else detector_files)(tmp_path / 'run', family)
    export_onnx(load_inspector(checkpoint).network, tmp_path / 'model.onnx')
    maps = ['--maps'] if family == 'rd4ad' else []
    for model, out in ((checkpoint, 'native'), (tmp_path / 'model.onnx', 'exported')):
        status, said, error = call('inspect_images', model, images, '--out', tmp_path / out, '--batch', 2, *maps)
        assert status == 0 and '3 images: ' in said, error
    found = [[json.loads(line) for line in (tmp_path / out / 'results.jsonl').read_text().splitlines()]
             for out in ('native', 'exported')]
    for native, exported in zip(*found, strict=True):
        assert (native.pop('runtime'), exported.pop('runtime')) == ('pytorch', 'onnxruntime')
        assert native.pop('score') == pytest.approx(exported.pop('score'), abs=1e-3)
        assert native.pop('milliseconds').keys() == exported.pop('milliseconds').keys()
        assert len(native.pop('boxes')) == len(exported.pop('boxes'))
        assert native == exported
    names = set(content(tmp_path / 'native'))
    assert names == set(content(tmp_path / 'exported'))
    assert ({'maps/a.tiff', 'maps/b.tiff', 'maps/sub/a.tiff'} <= names) == bool(maps)
    if maps:
        heat = [cv2.imread(str(tmp_path / out / 'maps/b.tiff'), cv2.IMREAD_UNCHANGED) for out in ('native', 'exported')]
        assert heat[0].shape == (64, 96) and np.abs(heat[0] - heat[1]).max() < 1e-3


def test_unreadable_image_ends_with_a_status(images, tmp_path, call):
    checkpoint = detector_files(tmp_path / 'run')
    (images / 'b.png').write_bytes((images / 'b.png').read_bytes()[:80])
    status, said, error = call('inspect_images', checkpoint, images, '--out', tmp_path / 'out')
    assert status == 2 and '2 images: ' in said
    assert 'not inspected: b.png: ' in error and 'error: 1 of 3 images could not be read' in error
    with open(tmp_path / 'out' / 'results.csv', newline='') as handle:
        assert [row['image'] for row in csv.DictReader(handle)] == ['a.png', 'sub/a.png']


@pytest.mark.parametrize('arguments, said', [
    (('none.pth', '{images}'), 'model none.pth does not exist'),
    (('{model}', 'nowhere'), "'.*nowhere' does not exist"),
    (('{model}', '{images}', '--runtime', 'openvino'), 'export it first'),
    (('{model}', '{images}', '--maps'), 'gives no anomaly map'),
    (('{model}', '{images}', '--overlap', '8'), 'belongs to tiles'),
])
def test_mistakes_are_one_sentence(arguments, said, images, tmp_path, call):
    places = dict(images=images, model=detector_files(tmp_path / 'run'))
    status, _, error = call('inspect_images', *(a.format(**places) for a in arguments), '--out', tmp_path / 'out')
    assert status == 2 and error.startswith('error: ') and error.count('\n') == 1
    assert re.search(said, error), error


def heed_interrupts():
    """A shell that runs the tests in the background lets its children ignore them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_interrupted_process_resumes(tmp_path):
    """Ctrl-C in the middle of a real run of seconds: whole lines, a whole table, and the rest with --resume."""
    count = 400
    images = write_images(tmp_path / 'images', **{f'i{i:03d}': (60 + i % 90, None) for i in range(count)})
    checkpoint = detector_files(tmp_path / 'run')
    command = [TOOLS / 'inspect_images.py', checkpoint, images, '--out', tmp_path / 'out', '--no-overlays']
    path = tmp_path / 'out' / 'results.jsonl'
    with subprocess.Popen([sys.executable, '-W', 'ignore', *map(str, command)], stderr=subprocess.PIPE, text=True,
                          env={**os.environ, 'OMP_NUM_THREADS': '1'}, preexec_fn=heed_interrupts) as process:
        while process.poll() is None and (not path.is_file() or path.stat().st_size < 2000):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        error = process.communicate()[1]
    assert process.returncode == 130 and '--resume' in error.splitlines()[-1], error
    with open(tmp_path / 'out' / 'results.csv', newline='') as handle:
        done = [row['image'] for row in csv.DictReader(handle)]
    assert 0 < len(done) < count and done == [json.loads(line)['image'] for line in path.read_text().splitlines()]
    finished = python(*command, '--resume')
    assert finished.returncode == 0, finished.stderr
    assert [json.loads(line)['image'] for line in path.read_text().splitlines()] == [f'i{i:03d}.png'
                                                                                     for i in range(count)]
