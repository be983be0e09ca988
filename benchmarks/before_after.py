"""Does a change of structure leave the numbers alone? The same trainings in an earlier version and in this one.

    MMINSPECT_DATA=... MMINSPECT_WEIGHTS=... python benchmarks/before_after.py --before CHECKOUT [--control]

RD4AD on MVTec screw, then the demo's slim detector: alone, and distilled from one teacher. Every training runs in both
checkouts, one behind the other, with one thread and deterministic operators, from the same file of the student's
initial weights (what is built beside it may draw random numbers otherwise) and, where there is one, from the same file
of the teacher's. The pictures, the initial weights and the teacher come from the earlier version. ``--control`` runs
that one twice: where it differs from itself, nothing follows from a difference. A quarter of an hour on one core, into
results/before_after.json; status 1 where a bit differs.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from common import ROOT, save
from mminspect.core.errors import UserError
from mminspect.experiments.environment import commit
from mminspect.models.checkpoint import Checkpoint
from mminspect.models.digests import weights_sha256

INITIAL_WEIGHTS = ROOT / 'benchmarks' / 'initial_weights.py'
#: One thread, so that sums have one order; the data set of the anomaly model.
ENVIRONMENT = dict(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1', PYTHONWARNINGS='ignore',
                   MMINSPECT_DATASET='mvtec_screw', MMINSPECT_CATEGORY='screw')


@dataclass(frozen=True)
class Training:
    """One training that is compared.

    Attributes:
        name: In the results.
        config: Below the root of a checkout.
        epochs: How long it runs; validated once, behind the last one.
        student: The training whose initial weights it begins with, by name; by default its own.
        teacher: The training whose weights are its teacher, by name.
    """

    name: str
    config: str
    epochs: int
    student: str | None = None
    teacher: str | None = None


DEMO = 'configs/fdrd/demo'
TEACHER = Training('teacher', f'{DEMO}/teacher_r18_slim_12e_vials.py', 2)
TRAININGS = (
    Training('rd4ad', 'configs/anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec.py', 5),
    Training('slim detector', f'{DEMO}/gfl_r18_slim_12e_vials.py', 2),
    Training('slim detector, distilled', f'{DEMO}/fdrd_gfl_r18_slim_12e_vials.py', 2, 'slim detector', TEACHER.name))


class Checkout:
    """A version of the project in a folder, whose scripts run with its own packages."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root.resolve()
        self._environment = {**os.environ, **environment, 'PYTHONPATH': str(self.root / 'projects')}

    @property
    def commit(self) -> str:
        """12 digits, '+' behind them where tracked files differ."""
        return commit(self.root)

    def script(self, path: str | Path, *arguments: object) -> None:
        """Run a script, relative to the checkout, in it.

        Raises:
            UserError: It fails.
        """
        command = [sys.executable, '-W', 'ignore', str(self.root / path), *map(str, arguments)]
        done = subprocess.run(command, cwd=self.root, env=self._environment, capture_output=True, text=True)
        if done.returncode:
            raise UserError(f'{Path(path).name} failed in {self.root}: {(done.stdout + done.stderr)[-2000:]}')

    def run(self, training: Training, folder: Path, files: Mapping[str, Path]) -> dict[str, Any]:
        """Train and test: SHA-256 over the final weights, and the metrics.

        Args:
            training: What to train.
            folder: Of its results.
            files: Checkpoints for entries of its config.
        """
        options = {'train_cfg.max_epochs': training.epochs, 'train_cfg.val_interval': training.epochs,
                   'randomness.deterministic': True, **files}
        self.script('tools/train.py', training.config, '--work-dir', folder, '--cfg-options', *pairs(options))
        checkpoint = folder / f'epoch_{training.epochs}.pth'
        # a distilled student is tested without its teacher's files too; the option is for the older versions
        needed = {name: path for name, path in files.items() if name.startswith('model.')}
        options = ['--cfg-options', *pairs(needed)] if needed else []
        self.script('tools/test.py', training.config, checkpoint, '--work-dir', folder, *options)
        metrics = json.loads((folder / 'metrics.json').read_text())
        return dict(weights_sha256=weights_sha256(Checkpoint.open(checkpoint).weights),
                    metrics={name: value for name, value in metrics.items() if name != 'checkpoint'})


def pairs(options: Mapping[str, object]) -> list[str]:
    """Arguments of --cfg-options."""
    return [f'{name}={value}' for name, value in options.items()]


def compare(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The runs of one training by name, and whether weights and metrics of all are equal in every bit."""
    first, *others = runs.values()
    return dict(equal=all(run == first for run in others), **runs)


def measure(before: Checkout, after: Checkout, out: Path, control: bool,
            trainings: Sequence[Training] = TRAININGS) -> list[dict[str, Any]]:
    """All trainings in both checkouts; what they share is made by ``before``."""
    turns = {'before': before, **({'before, again': before} if control else {}), 'after': after}
    rows, initial = [], {}
    teacher = out / TEACHER.name / f'epoch_{TEACHER.epochs}.pth'
    for training in trainings:
        if training.teacher and not teacher.is_file():
            print(f'{TEACHER.name}: {TEACHER.epochs} epochs', flush=True)
            before.run(TEACHER, out / TEACHER.name, {})
        begins_as = training.student or training.name
        if begins_as not in initial:
            initial[begins_as] = out / f'{begins_as.replace(" ", "_")}.pth'
            before.script(INITIAL_WEIGHTS, training.config, initial[begins_as])
        files = dict(load_from=initial[begins_as], **({'model.teacher_ckpt': teacher} if training.teacher else {}))
        runs = {}
        for name, checkout in turns.items():
            print(f'{training.name}, {name}: {training.epochs} epochs', flush=True)
            with tempfile.TemporaryDirectory(dir=out) as folder:
                runs[name] = checkout.run(training, Path(folder), files)
        rows.append(dict(name=training.name, config=training.config, epochs=training.epochs, **compare(runs)))
        print(f'  {"equal" if rows[-1]["equal"] else "DIFFERENT"}', flush=True)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--before', type=Path, required=True, help='checkout of the earlier version')
    parser.add_argument('--out', type=Path, help='new folder for pictures and checkpoints (default: a temporary one)')
    parser.add_argument('--control', action='store_true', help='run the earlier version twice')
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        out = (args.out or Path(scratch)).resolve()
        out.mkdir(parents=True, exist_ok=True)
        # the real data, and beside it the rendered pictures
        data = out / 'data'
        data.mkdir()
        for folder in Path(os.environ.get('MMINSPECT_DATA', 'data')).resolve().iterdir():
            (data / folder.name).symlink_to(folder)
        environment = dict(ENVIRONMENT, MMINSPECT_DATA=str(data))
        before, after = Checkout(args.before, environment), Checkout(ROOT, environment)
        before.script('tools/datasets/make_vials.py', data / 'vials')
        rows = measure(before, after, out, args.control)
        save('before_after', before=before.commit, after=after.commit, trainings=rows,
             command='python benchmarks/before_after.py --before CHECKOUT' + ' --control' * args.control)
    return 0 if all(row['equal'] for row in rows) else 1


if __name__ == '__main__':
    sys.exit(main())
