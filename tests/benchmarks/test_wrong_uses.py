"""The wrong uses: of every command, each once, and what is called what."""
from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import readme
import wrong_uses
from mminspect import command
from wrong_uses_cases import REFUSED, WARNED, all_uses

SENTENCE = 'error: a.py does not exist: check the path\n'


def test_every_command_is_used_wrongly_in_ten_ways_at_least() -> None:
    counts = Counter(use.command for use in all_uses())
    assert set(counts) == {'', *command.commands()} and min(counts.values()) >= 10
    assert len({(use.command, use.words) for use in all_uses()}) == len(all_uses())
    assert {use.wanted for use in all_uses()} == {REFUSED, WARNED}


@pytest.mark.parametrize(('status', 'said', 'expected'), [
    (2, SENTENCE, REFUSED), (2, 'usage: mminspect train\nmminspect train: error: no config\n', REFUSED),
    (2, 'usage: mminspect COMMAND ...\n\ncommands\n', REFUSED),
    (1, 'Traceback (most recent call last)\nValueError: x\n', 'traceback'),
    (2, f'Traceback (most recent call last)\nValueError: x\n{SENTENCE}', 'traceback'),
    (0, 'stored in m.onnx\n', 'silent'), (0, 'Of 9 normal images only 1 differ from each other\nstored\n', WARNED),
    (2, 'something else\n', 'status 2'), (3, SENTENCE, 'status 3'), (124, 'training ...\n', 'too long'),
])
def test_an_outcome_in_a_word(status: int, said: str, expected: str) -> None:
    assert wrong_uses.judged(status, said) == expected


def test_a_use_is_a_process_in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong_uses, 'WORK', tmp_path)
    monkeypatch.setattr(wrong_uses, 'FILES', tmp_path / 'files')
    uses = [use for use in all_uses() if use.command == ''][:3]
    rows = wrong_uses.outcomes(uses)
    assert [(row['outcome'], row['status']) for row in rows] == [(REFUSED, 2)] * 3
    assert 'did you mean train' in rows[1]['said'] and not list((tmp_path / 'uses' / 'mminspect').iterdir())


def test_the_table_counts_outcomes_by_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uses = [dict(command=name, outcome=outcome) for name, outcome in
            (('train', REFUSED), ('train', REFUSED), ('train', 'silent'), ('', 'status 3'), ('train', 'traceback'))]
    machine = dict(device='a CPU', threads=1, torch='2')
    (tmp_path / 'wrong_uses.json').write_text(json.dumps(dict(
        uses=uses, command='python x.py', commit='abc', date='2026-01-01', hardware=machine)))
    monkeypatch.setattr(readme, 'RESULTS', tmp_path)
    rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in readme.wrong_uses().splitlines()
            if line.startswith('|')]
    assert rows[2:] == [['`mminspect train`', '4', '2', '0', '1', '1', '0', '0'],
                        ['`mminspect`', '1', '0', '0', '0', '0', '0', '1'], ['all', '5', '2', '0', '1', '1', '0', '1']]
