"""Tools as processes, begun in both ways: a fork of a server that has the libraries, and a new interpreter."""
import json
import signal
import sys
import time

import pytest

from mminspect.experiments import tool_process
from mminspect.experiments.tool_process import ToolProcess, can_fork, cpu_seconds

SAY = """
import json, os, random, sys
import numpy, torch
from near import X
print(json.dumps(dict(arguments=sys.argv[1:], folder=os.getcwd(), value=os.environ.get('THIS'), near=X, name=__name__,
                      other=os.environ.get('OTHER'), drawn=[random.random(), numpy.random.rand(), torch.rand(1).item()],
                      ready='mmdet.models' in sys.modules)))
sys.stdout.reconfigure(errors='backslashreplace')
print('to the other output', file=sys.stderr)
"""

needs_fork = pytest.mark.skipif(not can_fork({}), reason='the system has no server to fork, or a GPU')


both = pytest.mark.parametrize('forked', [pytest.param(True, marks=needs_fork), False], ids=['fork', 'interpreter'])


def run(folder, forked, text, *arguments, **environment):
    """Exit status and lines of a tool of this text."""
    (folder / 'tool.py').write_text(text)
    process = ToolProcess(folder / 'tool.py', arguments, environment, forked)
    lines = [*process]
    return process.wait(), lines


@both
def test_it_begins_as_a_command_does(forked, tmp_path, monkeypatch):
    (tmp_path / 'near.py').write_text('X = 5')
    (tmp_path / 'elsewhere').mkdir()
    monkeypatch.chdir(tmp_path / 'elsewhere')
    monkeypatch.setenv('OTHER', 'of the parent')
    status, lines = run(tmp_path, forked, SAY, '--seed', '3', THIS='of the job')
    assert status == 0 and 'to the other output\n' in lines
    said = json.loads(lines[0])
    drawn = said.pop('drawn')
    assert said == dict(arguments=['--seed', '3'], folder=str(tmp_path / 'elsewhere'), value='of the job', near=5,
                        other='of the parent', ready=forked, name='__main__')
    again = json.loads(run(tmp_path, forked, SAY)[1][0])
    assert again['value'] is None and not set(again['drawn']) & set(drawn)  # seeds of their own


@both
@pytest.mark.parametrize('text, status, said', [
    ('import sys; print("bad"); sys.exit(2)', 2, ['bad\n']),
    ('import sys; sys.exit("a sentence")', 1, ['a sentence\n']),
    ('import os, signal; os.kill(os.getpid(), signal.SIGKILL)', -signal.SIGKILL, []),
])
def test_its_end_is_told(forked, tmp_path, text, status, said):
    assert run(tmp_path, forked, text) == (status, said)


@both
def test_an_error_is_a_traceback_and_status_1(forked, tmp_path):
    status, lines = run(tmp_path, forked, 'raise RuntimeError("a bug")')
    assert status == 1 and lines[-1] == 'RuntimeError: a bug\n' and any(line.startswith('Traceback') for line in lines)


@both
def test_it_can_be_ended(forked, tmp_path):
    (tmp_path / 'tool.py').write_text('import time; print("begun", flush=True); time.sleep(60)')
    process, start = ToolProcess(tmp_path / 'tool.py', [], {}, forked), time.monotonic()
    assert next(iter(process)) == 'begun\n'
    process.terminate()
    assert process.wait() == -signal.SIGTERM and time.monotonic() - start < 50


@both
def test_its_cpu_seconds_are_counted(forked, tmp_path):
    before, own = cpu_seconds(), time.process_time()
    assert run(tmp_path, forked, 'import time\nwhile time.process_time() < 1.5: pass')[0] == 0
    taken = cpu_seconds() - before - (time.process_time() - own)
    assert 1.2 < taken < 4.0  # a fork has some hundredths behind it, a new interpreter the start of Python
    killed, _ = run(tmp_path, forked, 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)')
    assert killed == -signal.SIGKILL  # its seconds are not waited for


def test_variables_that_libraries_read_at_their_import_need_a_new_interpreter(monkeypatch):
    monkeypatch.setattr(tool_process.torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(tool_process.multiprocessing, 'get_all_start_methods', lambda: ['spawn', 'forkserver'])
    monkeypatch.setenv('OMP_NUM_THREADS', '2')
    assert can_fork({}) and can_fork(dict(OMP_NUM_THREADS='2', THIS='x')) and not can_fork(dict(OMP_NUM_THREADS='1'))
    monkeypatch.setattr(tool_process.torch.cuda, 'is_available', lambda: True)
    assert not can_fork({})
    monkeypatch.setattr(tool_process.torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(tool_process.multiprocessing, 'get_all_start_methods', lambda: ['spawn'])  # as on Windows
    assert not can_fork({})


def test_what_the_server_imports_exists():
    assert all(name in sys.modules or __import__(name) for name in tool_process.PRELOADED)
