"""The comparison of two versions, with versions whose trainings are a few lines."""
import json
import subprocess

import pytest
import torch

import before_after
from before_after import Checkout, Training, compare, measure
from mminspect.core.errors import UserError
from mminspect.models.digests import weights_sha256

TRAIN = '''
import sys, pathlib, torch
folder = pathlib.Path(sys.argv[3]); folder.mkdir(parents=True, exist_ok=True)
options = dict(pair.split('=', 1) for pair in sys.argv[5:])
first = torch.load(options['load_from'])['state_dict']['w'] if 'load_from' in options else torch.zeros(2)
taught = torch.load(options['model.teacher_ckpt'])['state_dict']['w'] if 'model.teacher_ckpt' in options else 0
state = dict(w=first + {step} * int(options['train_cfg.max_epochs']) + taught)
torch.save(dict(state_dict=state), folder / f"epoch_{{options['train_cfg.max_epochs']}}.pth")
'''
TEST = '''
import sys, pathlib, json
pathlib.Path(sys.argv[4], 'metrics.json').write_text(json.dumps(dict(checkpoint='x', AP={metric})))
'''
INITIAL = 'import sys, torch; torch.save(dict(state_dict=dict(w=torch.tensor([1., 2.]))), sys.argv[2])'
PLAIN, TAUGHT = Training('plain', 'a.py', 5), Training('taught', 'b.py', 2, 'plain', 'teacher')


def version(folder, step=1.0, metric=0.5) -> Checkout:
    (folder / 'tools').mkdir(parents=True)
    (folder / 'tools' / 'train.py').write_text(TRAIN.format(step=step))
    (folder / 'tools' / 'test.py').write_text(TEST.format(metric=metric))
    return Checkout(folder, {})


@pytest.fixture
def initial(monkeypatch, tmp_path):
    (tmp_path / 'initial.py').write_text(INITIAL)
    monkeypatch.setattr(before_after, 'INITIAL_WEIGHTS', tmp_path / 'initial.py')


def test_equal_versions(initial, tmp_path):
    before, after, out = version(tmp_path / 'a'), version(tmp_path / 'b'), tmp_path / 'out'
    out.mkdir()
    plain, taught = measure(before, after, out, True, (PLAIN, TAUGHT))
    assert plain['equal'] and taught['equal'] and plain['before, again'] == plain['after'] == plain['before']
    assert plain['after'] == dict(weights_sha256=weights_sha256(dict(w=torch.tensor([6.0, 7.0]))),
                                  metrics=dict(AP=0.5))
    # from the plain student's initial weights, and with the teacher's two epochs
    assert taught['after']['weights_sha256'] == weights_sha256(dict(w=torch.tensor([5.0, 6.0])))
    assert str(tmp_path) not in json.dumps([plain, taught])


@pytest.mark.parametrize('change', [dict(step=1.0000001), dict(metric=0.5000001)])
def test_a_last_bit_makes_them_different(initial, tmp_path, change):
    row, = measure(version(tmp_path / 'a'), version(tmp_path / 'b', **change), tmp_path, False, (PLAIN, ))
    assert row['equal'] is False and row.keys() >= {'before', 'after'} and 'before, again' not in row


def test_what_differs_from_itself_is_not_called_equal():
    one, other = dict(weights_sha256='a', metrics={}), dict(weights_sha256='b', metrics={})
    assert compare({'before': one, 'before, again': other, 'after': one})['equal'] is False


def test_a_failing_script_is_named(initial, tmp_path):
    checkout = version(tmp_path / 'a')
    (checkout.root / 'tools' / 'train.py').write_text('raise SystemExit("no such data")')
    with pytest.raises(UserError, match=r'train.py failed .*no such data'):
        checkout.run(PLAIN, tmp_path / 'out', {})


def test_the_commit_says_whether_files_differ(tmp_path):
    checkout = version(tmp_path / 'a')
    git = ['git', '-C', str(checkout.root), '-c', 'user.name=n', '-c', 'user.email=e']
    for command in (['init', '-q'], ['add', '-A'], ['commit', '-qm', 'x']):
        subprocess.run([*git, *command], check=True)
    clean = checkout.commit
    (checkout.root / 'tools' / 'test.py').write_text('')
    assert len(clean) == 12 and checkout.commit == clean + '+'
