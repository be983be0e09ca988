"""docs/add_a_camera.md: its files are written down as they stand there, its test and its command are run."""
from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import helpers
from guide_helpers import check_own_test, write_blocks

pytest.importorskip('django', reason='the station is an extra: pip install .[web]')
pytest.importorskip('channels')

from station_model import write_model
from station_site import Client, eventually
from station_tool import Tool

GUIDE = (helpers.ROOT / 'docs/add_a_camera.md').read_text()


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every Python block of the guide, under the name in its first line."""
    folder = tmp_path_factory.mktemp('guide')
    write_blocks(GUIDE, folder)
    return folder


def test_the_guides_own_test_passes(folder: Path) -> None:
    check_own_test(folder, 'test_plant_cameras.py', passed=2)


def test_its_command_inspects_the_pictures(folder: Path) -> None:
    options = shlex.split(re.search(r'```bash\nmminspect station (.*?)\n```', GUIDE)[1])
    assert options[:2] == ['--model', 'model.onnx']
    write_model(folder / 'model.onnx')
    tool = Tool(folder / 'data', *options, '--port', '0', STATION_PRESCREEN='duplicate=0',
                PYTHONPATH=str(helpers.ROOT / 'projects'))
    try:
        client = Client(tool.port())
        defects = eventually(lambda: client.get('/api/records?source=live1&decision=defect').json['records'], 60)
        assert defects[0]['boxes'] and defects[0]['width'] == 160
        assert eventually(lambda: client.get('/api/records?source=live1&decision=good').json['count'])
        assert client.get('/api/status').json['problems'] == {}
    finally:
        tool.process.kill()
        tool.end()


def test_without_the_import_the_kind_is_unknown(folder: Path) -> None:
    write_model(folder / 'model.onnx')
    status, _, error = Tool(folder / 'other', '--model', 'model.onnx', '--source', 'belt:128').end()
    assert status == 2 and error.count('\n') == 1
    assert "'belt:128' is no source of frames" in error and '--import' in error
