"""What stands beside a measured number."""
import platform
import subprocess

import torch
from mminspect.analysis.environment import default_device, device_name, environment


def test_environment():
    state = environment(torch.device('cpu'))
    assert state['threads'] == torch.get_num_threads() and state['torch'] == torch.__version__
    assert state['python'] == platform.python_version()
    assert state['device'].endswith('(CPU)') and len(state['device']) > len(' (CPU)')
    assert default_device().type == ('cuda' if torch.cuda.is_available() else 'cpu')
    assert device_name(torch.device('cpu')) == state['device']


def test_commit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert environment()['commit'] == 'unknown'
    git = ['git', '-c', 'user.name=a', '-c', 'user.email=a@b.c']
    subprocess.run([*git, 'init', '-q'], check=True)
    subprocess.run([*git, 'commit', '-q', '--allow-empty', '-m', 'x'], check=True)
    head = subprocess.run([*git, 'rev-parse', 'HEAD'], check=True, capture_output=True, text=True).stdout
    assert environment()['commit'] == head[:12]
