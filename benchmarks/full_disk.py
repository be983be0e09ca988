"""The disk gets full at every stage of train, test, inspect, calibrate, export and the station: is anything lost?

    python benchmarks/full_disk.py [--only train inspect ...]

Each command works on a small file system of its own (tmpfs, which root may mount), which is filled to so many bytes at
a chosen moment. Then: the command has ended with status 2 and one sentence, files that were whole are whole and as they
were, none is half under its final name, and with room again the same command goes on to the result of an undisturbed
one. Results in results/full_disk.json.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import toy_trainings
from common import ROOT, save
from environments import NotRun
from kills import equal, state, undisturbed
from mminspect.core.fileio import UNFINISHED
from small_disk import Disk, disk

WORK = ROOT / 'work_dirs' / 'benchmarks' / 'full_disk'
#: Seconds that a command may take.
PATIENCE = 300.0
#: Bytes that are left when the disk gets full.
LEFT = (0, 6_000, 30_000)
PICTURES = 12


@dataclass
class Row:
    """What happened at one stage.

    Attributes:
        command: Of the project.
        stage: When the disk got full, or how much was left.
        status: Exit status; of the station the HTTP status.
        said: What it said on stderr.
        sentence: Whether that was status 2 with one sentence.
        kept: Whether everything that was whole still was.
        goes_on: Whether the end was that of an undisturbed run when there was room again.
    """

    command: str
    stage: str
    status: int
    said: str
    sentence: bool
    kept: bool
    goes_on: bool

    @property
    def is_fine(self) -> bool:
        """Nothing was lost, and it was said in one sentence."""
        return self.sentence and self.kept and self.goes_on


class Command:
    """A tool as a process, whose output goes elsewhere than on the full disk."""

    def __init__(self, name: str, *arguments: object, **variables: str) -> None:
        self._out, self._err = WORK / 'stdout', WORK / 'stderr'
        with self._out.open('w') as out, self._err.open('w') as err:
            self.process = subprocess.Popen(toy_trainings.tool(name, *arguments), stdout=out, stderr=err, text=True,
                                            env=toy_trainings.environment(**variables))

    def output(self) -> str:
        """So far."""
        return self._out.read_text(errors='replace')

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Until it holds or the command has ended."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end and not condition():
            time.sleep(0.001)

    def end(self) -> tuple[int, str]:
        """Its status, and what it said on stderr."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.process.returncode, self._err.read_text(errors='replace').strip()


def is_sentence(status: int, said: str) -> bool:
    """Status 2, and one line ``error: ...`` that is the only one of an error."""
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith('inspecting')
             and not line.startswith('scoring')]
    return status == 2 and len(lines) == 1 and lines[0].startswith('error: ')


def shown(said: str, places: Sequence[Path]) -> str:
    """The last line, without the names of this machine's folders."""
    for place in places:
        said = said.replace(str(place), '...')
    return said.splitlines()[-1][:300] if said else ''


#: Where a training is when the disk gets full: what is waited for, by name.
Moment = Callable[[Command, Path], bool]
MOMENTS: dict[str, Moment] = {
    'log and config': lambda command, run: any(run.glob('*/*.log')),
    'first step': lambda command, run: re.search(r'Epoch\(train\) +\[1\]', command.output()) is not None,
    'while the first checkpoint is written': lambda command, run: run.is_dir() and any(
        UNFINISHED.fullmatch(path.name) for path in run.iterdir()),
    'validation': lambda command, run: (run / 'epoch_1.pth').is_file(),
    'a later checkpoint': lambda command, run: (run / 'epoch_3.pth').is_file()}


def train(toys: Path) -> Iterator[Row]:
    """Every moment, with nothing left and with half a checkpoint left."""
    for name in ('detection', 'anomaly'):
        config = toys / f'{name}.py'
        undisturbed(config, toys / f'{name}_whole')
        whole = state(toys / f'{name}_whole')
        half = (toys / f'{name}_whole' / f'epoch_{toy_trainings.EPOCHS}.pth').stat().st_size // 2
        yield _refused_at_once(name, config)
        for moment, condition in MOMENTS.items():
            for left in (0, half) if moment != 'while the first checkpoint is written' else (0, ):
                with disk(400) as small:
                    yield _training(name, config, whole, small, moment, condition, left)


def _refused_at_once(name: str, config: Path) -> Row:
    with disk(30) as small:
        status, said = Command('train', config, '--work-dir', small.folder / 'run').end()
        return Row(f'train ({name})', 'too little room before the start', status, shown(said, [small.folder]),
                   is_sentence(status, said), not any(small.folder.rglob('*.pth')), True)


def _training(name: str, config: Path, whole: dict[str, Any], small: Disk, moment: str, condition: Moment,
              left: int) -> Row:
    run = small.folder / 'run'
    command = Command('train', config, '--work-dir', run)
    command.wait_for(lambda: condition(command, run))
    before = {path: digest for path, digest in small.content().items()
              if path.endswith('.pth') and not UNFINISHED.fullmatch(Path(path).name)}
    small.fill(left)
    status, said = command.end()
    after = small.content()
    # an older checkpoint may have made room for a newer one, but none may have changed
    kept = all(after.get(path, digest) == digest for path, digest in before.items()) and (
        not before or any(path.endswith('.pth') for path in after))
    kept = kept and not any(UNFINISHED.fullmatch(Path(path).name) for path in after)
    small.empty()
    again, _ = Command('train', config, '--work-dir', run, '--resume').end()
    goes_on = again == 0 and equal(whole, state(run))
    return Row(f'train ({name})', f'{moment}, {left} bytes left', status, shown(said, [small.folder]),
               is_sentence(status, said), kept, goes_on)


def test(toys: Path) -> Iterator[Row]:
    """Metrics and pictures of a test."""
    config, checkpoint = toys / 'anomaly.py', _checkpoint(toys)
    for left in (*LEFT, 200_000):
        with disk(300) as small:
            copy = Path(shutil.copy(checkpoint, small.folder / 'epoch_6.pth'))
            digest = small.content()['epoch_6.pth']
            words = ('test', config, copy, '--show-dir', small.folder / 'pictures')
            small.fill(left)
            status, said = Command(*words).end()
            kept = small.content()['epoch_6.pth'] == digest and _pictures_are_whole(small.folder)
            small.empty()
            goes_on = Command(*words).end()[0] == 0 and (small.folder / 'metrics.json').is_file()
            yield Row('test', f'{left} bytes left', status, shown(said, [small.folder]), is_sentence(status, said),
                      kept, goes_on)


def _checkpoint(toys: Path) -> Path:
    undisturbed(toys / 'anomaly.py', toys / 'anomaly_whole')
    return toys / 'anomaly_whole' / f'epoch_{toy_trainings.EPOCHS}.pth'


def _pictures_are_whole(folder: Path) -> bool:
    """Whether every picture with a final name can be decoded, and every JSON file be read."""
    for path in folder.rglob('*'):
        if path.name.startswith('.'):
            continue
        if path.suffix in ('.png', '.jpg', '.tiff', '.tif') and cv2.imread(str(path), cv2.IMREAD_UNCHANGED) is None:
            return False
        if path.suffix == '.json':
            json.loads(path.read_text())
    return True


def _model(toys: Path) -> Path:
    """A model whose score is the brightness."""
    from station_load import write_model
    path = toys / 'model.onnx'
    return path if path.is_file() else write_model(path)


def _parts(toys: Path) -> Path:
    """A folder of pictures, each with a spot of its own brightness."""
    folder = toys / 'parts'
    folder.mkdir(exist_ok=True)
    for number in range(PICTURES):
        picture = np.random.default_rng(number).integers(40, 80, (96, 128), dtype=np.uint8)
        picture[20:40, 30:60] = 90 + 12 * number
        cv2.imwrite(str(folder / f'{number:02}.png'), picture)
    return folder


def inspect(toys: Path) -> Iterator[Row]:
    """Lines, table, overlays and maps: the disk gets full behind any number of them."""
    model, parts = _model(toys), _parts(toys)
    with disk(64) as large:
        status, said = Command('inspect_images', model, parts, '--out', large.folder / 'out', '--maps').end()
        if status:
            raise RuntimeError(f'inspect ends with {status}: {said}')
        expected, size = _results(large.folder / 'out'), 64 * 2**20 - large.free()
    for share in (0, 0.02, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.97):
        with disk(64) as small:
            out = small.folder / 'out'
            small.fill(int(share * size))
            status, said = Command('inspect_images', model, parts, '--out', out, '--maps').end()
            kept = _pictures_are_whole(small.folder) and _lines_are_whole(out)
            small.empty()
            done, _ = Command('inspect_images', model, parts, '--out', out, '--maps', '--resume').end()
            yield Row('inspect', f'room for {share:.0%} of the results', status, shown(said, [small.folder]),
                      is_sentence(status, said), kept, done == 0 and _results(out) == expected)


def _results(out: Path) -> tuple[list[dict[str, Any]], dict[str, bytes], int]:
    """Lines without times, pictures, rows of the table."""
    lines = [json.loads(line) for line in (out / 'results.jsonl').read_text().splitlines()]
    for line in lines:
        line.pop('milliseconds')
    pictures = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob('*')
                if path.suffix in ('.png', '.tiff', '.tif', '.jpg')}
    return (sorted(lines, key=lambda line: line['image']), pictures,
            len((out / 'results.csv').read_text().splitlines()))


def _lines_are_whole(out: Path) -> bool:
    """Whether every line that ends can be read; one that does not end is no line."""
    path = out / 'results.jsonl'
    for line in path.read_bytes().split(b'\n')[:-1] if path.is_file() else ():
        json.loads(line)
    return True


def calibrate(toys: Path) -> Iterator[Row]:
    """The file of the model is replaced as a whole or stays."""
    checkpoint, parts = _checkpoint(toys), _parts(toys)
    for source in (_model(toys), checkpoint):
        for left in (0, source.stat().st_size // 2):
            with disk(64) as small:
                copy = Path(shutil.copy(source, small.folder / source.name))
                before = small.content()
                small.fill(left)
                words = ('calibrate', copy, parts, '--false-reject-rate', '0.2')
                status, said = Command(*words).end()
                kept = small.content() == before
                small.empty()
                goes_on = Command(*words).end()[0] == 0 and small.content() != before
                yield Row(f'calibrate ({source.suffix})', f'{left} bytes left', status, shown(said, [small.folder]),
                          is_sentence(status, said), kept, goes_on)


def export(toys: Path) -> Iterator[Row]:
    """The file of an earlier export stays; also where temporary files are on the full disk."""
    checkpoint = _checkpoint(toys)
    for place, variables in (('the file', {}), ('temporary files too', dict(TMPDIR=''))):
        for left in (0, 30_000, checkpoint.stat().st_size // 8):
            with disk(64) as small:
                out = small.folder / 'model.onnx'
                shutil.copy(_model(toys), out)
                before = small.content()
                small.fill(left)
                variables = {name: str(small.folder) for name in variables}
                status, said = Command('deploy/export', checkpoint, '--out', out, **variables).end()
                kept = small.content() == before
                small.empty()
                goes_on = Command('deploy/export', checkpoint, '--out', out, **variables).end()[0] == 0
                yield Row('export', f'{place}, {left} bytes left', status, shown(said, [small.folder]),
                          is_sentence(status, said), kept, goes_on)


def station(toys: Path) -> Iterator[Row]:
    """The start on a full disk; uploads until it is full, and behind that."""
    for left in (0, 100_000):
        with disk(64) as small:
            small.fill(left)
            words = ('station', '--model', _model(toys), '--data', small.folder / 'data', '--port', '0')
            command = Command(*words)
            command.wait_for(lambda command=command: 'station: http' in command.output())
            if command.process.poll() is None:
                command.process.terminate()
            status, said = command.end()
            yield Row('station', f'start, {left} bytes left', status, shown(said, [small.folder]),
                      is_sentence(status, said), True, True)
    for left in (0, 20_000, 150_000, 600_000):
        with disk(64) as small:
            yield _uploads(toys, small, left)


def _uploads(toys: Path, small: Disk, left: int) -> Row:
    from station_client import Station, upload
    parts = {path.name: path.read_bytes() for path in sorted(_parts(toys).iterdir())}
    (toys / 'replay').mkdir(exist_ok=True)
    shutil.copy(_parts(toys) / '00.png', toys / 'replay' / '00.png')
    kept: dict[str, bytes] = {}
    answers: list[tuple[int, dict[str, Any]]] = []

    def send(station: Station, count: int) -> None:
        for number in range(count):
            name, data = list(parts.items())[number % len(parts)]
            answers.append(upload(station.port, name, data, 10))
            if answers[-1][0] in (200, 202):
                kept[answers[-1][1]['id']] = data

    with Station(small.folder / 'data', _model(toys), f'folder:{toys / "replay"}') as running:
        send(running, 4)
        small.fill(left)
        send(running, 20)
        refused = [answer for status, answer in answers if status not in (200, 202)]
        statuses = {status for status, _ in answers} - {200, 202}
        small.empty()
        send(running, 4)
        running.finish()
        records = {record['id']: record for record in running.uploads()}
    originals = {path.parent.name: path.read_bytes() for path in (small.folder / 'data').rglob('original.*')}
    whole = all(record in records and originals.get(record.replace('-', '')) == data for record, data in kept.items())
    databases = [path for path in (small.folder / 'data').iterdir() if path.suffix in ('.sqlite3', '.db')]
    for path in databases:
        with sqlite3.connect(path) as connection:
            whole = whole and connection.execute('PRAGMA integrity_check').fetchone()[0] == 'ok'
    said = refused[0].get('error', '') if refused else 'nothing was refused'
    return Row('station', f'uploads, {left} bytes left', max(statuses, default=0), said,
               statuses <= {507} and bool(refused) and all(answer.get('error') for answer in refused), whole,
               answers[-1][0] == 200 and all(record['state'] == 'done' for record in records.values()))


COMMANDS: dict[str, Callable[[Path], Iterator[Row]]] = dict(
    train=train, test=test, inspect=inspect, calibrate=calibrate, export=export, station=station)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', nargs='+', choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument('--no-save', action='store_true', help='print, but leave benchmarks/results as it is')
    args = parser.parse_args(argv)
    shutil.rmtree(WORK, ignore_errors=True)
    toys = WORK / 'toys'
    toys.mkdir(parents=True)
    toy_trainings.write(toys)
    rows: list[Row] = []
    reason = ''
    try:
        for name in args.only:
            for row in COMMANDS[name](toys):
                print(f'{"fine" if row.is_fine else "FAILS"}: {row}', flush=True)
                rows.append(row)
    except NotRun as error:
        reason = str(error)
        print(f'not run: {reason}')
    if not args.no_save:
        save('full_disk', rows=[dict(asdict(row), fine=row.is_fine) for row in rows], not_run=reason,
             command='python benchmarks/full_disk.py')
    shutil.rmtree(WORK, ignore_errors=True)
    return int(not all(row.is_fine for row in rows))


if __name__ == '__main__':
    os.umask(0o022)
    sys.exit(main())
