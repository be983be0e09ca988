"""Lines on disk."""
import json
import os
import subprocess
import sys

import pytest

from helpers import ROOT
from inspection_helpers import anomaly_inspector, bright
from mminspect.core.errors import UserError
from mminspect.inspection.output.jsonl import JsonLines, read_lines

RESULTS = list(anomaly_inspector().many([bright(80), bright(80, 250)], names=['a.png', 'sub/b "ü".png']))


def test_lines_are_the_results(tmp_path):
    lines = JsonLines(tmp_path / 'deep' / 'r.jsonl')
    for number, result in enumerate(RESULTS, start=1):
        lines.add(result)
        assert len(list(read_lines(tmp_path / 'deep' / 'r.jsonl'))) == number  # before the file is closed
    lines.close()
    found = [json.loads(line) for line in (tmp_path / 'deep' / 'r.jsonl').read_text().splitlines()]
    assert found == [result.as_dict() for result in RESULTS] == list(read_lines(tmp_path / 'deep' / 'r.jsonl'))


@pytest.mark.parametrize('cut', [1, 2, 40])
def test_half_a_line_is_removed(tmp_path, cut):
    path = tmp_path / 'r.jsonl'
    for result in RESULTS:
        lines = JsonLines(path)
        lines.add(result)
        lines.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert [line['image'] for line in read_lines(path)] == ['a.png']
    lines = JsonLines(path)
    assert path.read_bytes() == whole.splitlines(keepends=True)[0]
    lines.add(RESULTS[1])
    lines.close()
    assert path.read_bytes() == whole


def test_no_file_has_no_lines(tmp_path):
    assert list(read_lines(tmp_path / 'none.jsonl')) == []


def test_damaged_line(tmp_path):
    (tmp_path / 'r.jsonl').write_text(f'{json.dumps(RESULTS[0].as_dict())}\nno json\n')
    with pytest.raises(UserError, match=r'line 2 of .*r\.jsonl is damaged'):
        list(read_lines(tmp_path / 'r.jsonl'))


@pytest.mark.parametrize('line', ['{"image": "a"}', '[1]', 'null'])
def test_lines_of_another_program(tmp_path, line):
    (tmp_path / 'r.jsonl').write_text(f'{line}\n')
    with pytest.raises(UserError, match=r'line 1 of .*r\.jsonl is no result .* move the file away'):
        list(read_lines(tmp_path / 'r.jsonl'))


def test_names_that_are_no_text(tmp_path):
    name = os.fsdecode(b'a\xff.png')
    lines = JsonLines(tmp_path / 'r.jsonl')
    lines.add(anomaly_inspector()(bright(), name=name))
    lines.close()
    assert [line['image'] for line in read_lines(tmp_path / 'r.jsonl')] == [name]


#: Writes results with long texts until it is killed, at most 200 MB, should nobody come to kill it; a process of its
#: own, because threads do not outlive a fork.
WRITER = """
import json, sys
from mminspect.inspection.output.jsonl import JsonLines

class Long:
    def as_dict(self):
        return dict(json.loads(sys.argv[2]), model='x' * 20000)

lines = JsonLines(sys.argv[1])
for _ in range(10000):
    lines.add(Long())
"""


#: Starts the writer, waits for a megabyte and kills it.
KILLER = """
import os, subprocess, sys, time

writer = subprocess.Popen([sys.executable, '-W', 'ignore', '-c', *sys.argv[1:]])
deadline = time.monotonic() + 60
while time.monotonic() < deadline and not (os.path.isfile(sys.argv[2]) and os.path.getsize(sys.argv[2]) >= 1 << 20):
    time.sleep(0.001)
writer.kill()
writer.wait()
"""


def test_a_killed_writer_loses_nothing_whole(tmp_path):
    path = tmp_path / 'r.jsonl'
    paths = os.pathsep.join([str(ROOT / 'projects'), os.environ.get('PYTHONPATH', '')])
    subprocess.run([sys.executable, '-c', KILLER, WRITER, path, json.dumps(RESULTS[0].as_dict())], check=True,
                   capture_output=True, env={**os.environ, 'PYTHONPATH': paths})
    size = path.stat().st_size
    JsonLines(path).close()
    assert size - path.stat().st_size < 21000
    assert all(len(line['model']) == 20000 for line in read_lines(path)) and path.stat().st_size > 1 << 19
