"""The kills are told apart by what they leave, and what differs is noticed."""
from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

import kills

STEP, VAL = 'Epoch(train)  [2][1/2]  lr', 'Epoch(val)  [2][3/8]  eta'


def killed(tmp_path: Path, *lines: str) -> kills.Training:
    training = kills.Training.__new__(kills.Training)
    training.work_dir, training.lines, training._reader = tmp_path, list(lines), threading.Thread()
    training._reader.start()
    return training


@pytest.mark.parametrize('lines, phase', [
    (['hello'], kills.START), ([STEP], kills.STEPS), ([STEP, VAL], kills.VALIDATION),
    ([VAL, 'Epoch(train)  [2][2/2] lr'], kills.BETWEEN), ([STEP, 'Epoch(val) [2][8/8]  mAP: 0'], kills.BETWEEN)])
def test_phases(lines: list[str], phase: str, tmp_path: Path) -> None:
    assert killed(tmp_path, *lines).phase() == phase


def test_half_a_checkpoint_is_told_from_a_whole_one(tmp_path: Path) -> None:
    (tmp_path / 'epoch_3.pth').touch()
    assert killed(tmp_path, STEP).phase() == kills.STEPS
    (tmp_path / '.epoch_3.pth.ab12cd34').touch()
    assert killed(tmp_path, STEP).phase() == kills.WRITING


def test_every_bit_counts() -> None:
    state = dict(a=torch.ones(3), b=[dict(c=torch.zeros(2)), 1])
    assert kills.equal(state, dict(a=torch.ones(3), b=[dict(c=torch.zeros(2)), 1]))
    other = torch.ones(3)
    other[1] = torch.nextafter(other[1], torch.tensor(2.0))
    assert not kills.equal(state, dict(state, a=other))
    assert not kills.equal(state, dict(a=torch.ones(3)))
    assert not kills.equal(state, dict(state, b=[dict(c=torch.zeros(2))]))


TRAIN = '''
import pathlib, sys, time, torch
folder = pathlib.Path(sys.argv[1]); folder.mkdir(exist_ok=True)
done = len(list(folder.glob('epoch_*.pth')))
for epoch in range(done + 1, 4):
    for step in (1, 2):
        print(f'Epoch(train)  [{epoch}][{step}/2]', flush=True); time.sleep(0.05)
    for step in (1, 2, 3):
        print(f'Epoch(val)  [{epoch}][{step}/3]', flush=True); time.sleep(0.02)
    torch.save(dict(state_dict=dict(w=torch.full((2,), epoch * {step}))), folder / f'epoch_{epoch}.pth')
    (folder / 'last_checkpoint').write_text(str(folder / f'epoch_{epoch}.pth'))
'''


@pytest.mark.parametrize('later, same', [('1', True), ('(1 if done == 0 else 2)', False)])
def test_a_chain_of_kills(later: str, same: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a training of a second; one that does not go on with what it had is noticed."""
    script = tmp_path / 'train.py'
    script.write_text(TRAIN.replace('{step}', later))
    monkeypatch.setattr(kills.toy_trainings, 'tool', lambda name, config, option, folder, *rest: [
        sys.executable, str(script), str(folder)])
    monkeypatch.setattr(kills, 'AIMS', (kills.STEPS, kills.VALIDATION))
    subprocess.run([sys.executable, script, tmp_path / 'whole'], check=True, stdout=subprocess.DEVNULL)
    chains = []
    while not chains or (len(chains) < 8 and chains[-1]['equal'] is not same):
        chains.append(kills.chain(tmp_path / 'toy.py', tmp_path / 'killed', kills.state(tmp_path / 'whole'),
                                  len(chains) * 2, 2))
    assert chains[-1]['phases'] and chains[-1]['resumed'] and chains[-1]['equal'] is same
