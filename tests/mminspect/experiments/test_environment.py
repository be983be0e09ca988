"""What stands beside a measured number."""
import platform
import subprocess

import torch

from mminspect.experiments import environment as environment_module
from mminspect.experiments.environment import commit, default_device, device_name, environment


def test_environment():
    state = environment(torch.device('cpu'))
    assert state['threads'] == torch.get_num_threads() and state['torch'] == torch.__version__
    assert state['python'] == platform.python_version()
    assert state['device'].endswith('(CPU)') and len(state['device']) > len(' (CPU)')
    assert default_device().type == ('cuda' if torch.cuda.is_available() else 'cpu')
    assert device_name(torch.device('cpu')) == state['device']


def test_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(environment_module, 'SOURCE', tmp_path)
    assert commit() == 'unknown'
    git = ['git', '-C', str(tmp_path), '-c', 'user.name=a', '-c', 'user.email=a@b.c']
    (tmp_path / 'file').write_text('a')
    for command in (['init', '-q'], ['add', 'file'], ['commit', '-q', '-m', 'x']):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run([*git, 'rev-parse', 'HEAD'], check=True, capture_output=True, text=True).stdout[:12]
    assert commit() == environment()['commit'] == head
    (tmp_path / 'file').write_text('b')
    assert commit() == f'{head}+'
    monkeypatch.setenv('PATH', str(tmp_path))
    assert commit() == 'unknown'
