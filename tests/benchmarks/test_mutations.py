"""The inputs of the mutations are what they say, failures are noticed, and a run goes on where it was."""
from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import mutations
from mminspect.core.errors import UserError
from mutating.case import Answer, Kind, Mutant, Outcome, Verdict, attempted, seeded
from mutating.processes import tried

KINDS = list(mutations.KINDS)


class Numbers(Kind):
    """A file with a number; what the project makes of it is in the number."""

    name = 'numbers'

    def make(self, chance, folder: Path) -> Mutant:
        number = chance.randrange(7)
        (folder / 'number').write_text(str(number))
        return Mutant(f'number {number}', Verdict.WRONG if number == 1 else Verdict.RIGHT, 'x')

    def attempt(self, folder: Path) -> Answer:
        number = int((folder / 'number').read_text())
        if number == 2:
            raise UserError('no')
        if number == 3:
            raise ValueError('no')
        if number == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 5:
            time.sleep(60)
        return Answer('y' if number == 6 else 'x')


WANTED = {0: Outcome.ACCEPTED, 1: Outcome.SILENT, 2: Outcome.TOO_STRICT, 3: Outcome.TRACEBACK, 4: Outcome.CRASH,
          5: Outcome.HANG, 6: Outcome.SILENT}


def test_every_failure_is_noticed_and_the_next_input_tried() -> None:
    seeds = {}
    for seed in range(60):
        seeds.setdefault(seeded('numbers', seed).randrange(7), seed)
    results = list(tried(Numbers(), seeds.values(), patience=1.0))
    assert {int(result.operator.split()[1]): result.outcome for result in results} == WANTED
    assert len(results) == len(WANTED)


@pytest.mark.parametrize('verdict, content, answer, outcome', [
    (Verdict.EITHER, None, Answer('x'), Outcome.ACCEPTED), (Verdict.EITHER, 'y', Answer('x'), Outcome.SILENT),
    (Verdict.WRONG, None, Answer('x', ('careful', )), Outcome.WARNED),
    (Verdict.RIGHT, 'y', Answer('x', ('careful', )), Outcome.WARNED)])
def test_outcomes(verdict, content, answer, outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Numbers, 'attempt', lambda self, folder: answer)
    assert attempted(Numbers(), Mutant('x', verdict, content), tmp_path)[0] is outcome


def test_a_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Numbers, 'attempt', lambda self, folder: Answer('x'))
    first = mutations.run(Numbers(), 5, tmp_path / 'journal')
    with (tmp_path / 'journal').open('a') as file:
        file.write('{"seed": 5, "ou')  # killed while it wrote
    asked = []
    monkeypatch.setattr(mutations, 'tried', lambda kind, seeds: asked.extend(seeds) or iter(()))
    with pytest.raises(KeyError):
        mutations.run(Numbers(), 7, tmp_path / 'journal')
    assert asked == [5, 6] and mutations.run(Numbers(), 5, tmp_path / 'journal') == first


def test_the_summary_has_seeds_to_replay() -> None:
    results = [mutations.Result(seed, 'cut', 'wrong', Outcome.SILENT if seed % 2 else Outcome.REFUSED)
               for seed in range(10)]
    found = mutations.summary(results, 1.0)
    assert found['outcomes'] == {Outcome.SILENT.value: 5, Outcome.REFUSED.value: 5}
    assert found['failures'] == [dict(operator='cut', outcome=Outcome.SILENT.value, count=5, seeds=[1, 3, 5], said='')]


@pytest.mark.parametrize('name', KINDS)
def test_an_input_is_made_again_from_its_seed(name: str, tmp_path: Path) -> None:
    kind = mutations.KINDS[name]()
    kind.prepare()
    for seed in range(6):
        made = []
        for turn in range(2):
            folder = tmp_path / f'{seed} {turn}' / 'x'
            folder.mkdir(parents=True)
            mutant = kind.make(seeded(name, seed), folder)
            files = {path.relative_to(folder): path.read_bytes().replace(str(folder).encode(), b'')
                     for path in sorted(folder.rglob('*')) if path.is_file()}
            made.append((mutant.operator, mutant.verdict, files))
        assert made[0] == made[1]


@pytest.mark.parametrize('name', KINDS)
def test_sound_inputs_are_read(name: str, tmp_path: Path) -> None:
    """The first one that is unchanged, or whose form is right: what the project gives is what the oracle knows."""
    kind = mutations.KINDS[name]()
    kind.prepare()
    for seed in range(200):
        folder = tmp_path / str(seed)
        folder.mkdir()
        mutant = kind.make(seeded(name, seed), folder)
        if mutant.operator in ('unchanged', 'png 8 bit'):
            assert attempted(kind, mutant, folder) == (Outcome.ACCEPTED, '')
            return
    pytest.fail('none of 200 inputs is unchanged')
