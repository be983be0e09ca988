"""anomalib 2.7.0's reverse distillation on the same images, from the same weights, measured with the same metrics.

    MMINSPECT_DATA=... MMINSPECT_WEIGHTS=... python benchmarks/peer_anomalib.py --dataset mvtec_screw --epochs 20 \
        --seed 0 --report 5 10 15 20

anomalib is no dependency of this project: the script makes it an environment of its own, ``.venv-peer``, and trains
there with benchmarks/peer/anomalib_worker.py, which says what is anomalib's default and what is not. Training needs no
network. The peer's raw maps and scores come back and are measured by ``anomaly_rd.evaluation.functional``.

Writes work_dirs/benchmarks/peer/<dataset>_seed<seed>.json. What is finished is skipped: without that file the maps in
the folder beside it are measured anew, without that folder too the peer is trained anew.
"""
from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common import ROOT
from mminspect.core import cli
from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from peer.environment import call, prepare, python_of
from peer.measure import measure

PEER = 'anomalib==2.7.0'
WORKER = ROOT / 'benchmarks' / 'peer' / 'anomalib_worker.py'
ENVIRONMENT = ROOT / '.venv-peer'
WORK = ROOT / 'work_dirs' / 'benchmarks' / 'peer'
WEIGHTS = 'resnet18_imagenet_stages1-3.pth'
CATEGORIES = {'mvtec_screw': 'screw', 'aitex_fabric02': 'fabric02'}


@dataclass(frozen=True)
class Request:
    """What is trained; runs with equal requests are the same run.

    Attributes:
        dataset: Key of ``CATEGORIES``, a folder of MMINSPECT_DATA.
        epochs: Epochs trained.
        seed: Seed of everything.
        report: Epochs (1-based) after which the test set is predicted.
        limit: Number of training images; None for all.
        batch_size: Images per training step.
        threads: Threads of torch.
        workers: Worker processes of the loaders; none (anomalib: 8) is the fastest on two cores.
    """

    dataset: str
    epochs: int
    seed: int
    report: tuple[int, ...]
    limit: int | None = None
    batch_size: int = 16
    threads: int = 2
    workers: int = 0

    def __post_init__(self) -> None:
        if self.dataset not in CATEGORIES:
            raise UserError(f'the peer knows no data set {self.dataset!r}: take one of {", ".join(CATEGORIES)}')
        if not self.report or not all(1 <= epoch <= self.epochs for epoch in self.report):
            raise UserError(f'the epochs to report have to be in 1..{self.epochs}, got {list(self.report)}')

    @property
    def folder(self) -> Path:
        """Where maps, record and log of the run are; a limited run never stands in for a full one."""
        limited = '' if self.limit is None else f'_limit{self.limit}'
        return WORK / f'{self.dataset}_seed{self.seed}{limited}'

    @property
    def maps(self) -> dict[int, Path]:
        """The file of maps and scores of each reported epoch."""
        return {epoch: self.folder / f'epoch_{epoch}.npz' for epoch in self.report}


def peer_rows(dataset: str, epochs: int, seed: int, report_epochs: Sequence[int],
              limit: int | None = None) -> list[dict[str, Any]]:
    """Train the peer, or find it trained, and measure it after each epoch of ``report_epochs``.

    Returns:
        One row per reported epoch: ``name dataset category seed epoch batch_size threads train_images versions``;
        ``epoch_seconds``, the median wall time of a training epoch with decoding and transforms, the first left out;
        ``train_seconds``, all training up to that epoch; ``predict_seconds`` of the test set; ``metrics``, fractions.

    Raises:
        UserError: Data or weights are missing, or the installation or the training failed.
    """
    request = Request(dataset, epochs, seed, tuple(sorted(set(report_epochs))), limit)
    result = request.folder.with_suffix('.json')
    if done := finished(result, request):
        return done['rows']
    record = train(request)
    rows = [row(request, record, epoch) for epoch in request.report]
    _write(result, dict(request=asdict(request), record=record, rows=rows))
    return rows


def finished_rows(dataset: str, epochs: int, seed: int, report_epochs: Sequence[int]) -> list[dict[str, Any]]:
    """The rows of :func:`peer_rows` if they are there already, else none."""
    request = Request(dataset, epochs, seed, tuple(sorted(set(report_epochs))))
    return (finished(request.folder.with_suffix('.json'), request) or dict(rows=[]))['rows']


def finished(path: Path, request: Request) -> dict[str, Any] | None:
    """The content of the JSON file ``path`` if it answers exactly this request, else None."""
    content = json.loads(path.read_text()) if path.is_file() else {}
    return content if content.get('request') == json.loads(json.dumps(asdict(request))) else None


def train(request: Request) -> dict[str, Any]:
    """The worker's record of the training, which is not repeated if record and maps are there."""
    path = request.folder / 'record.json'
    done = finished(path, request)
    if done and all(maps.is_file() for maps in request.maps.values()):
        return done['record']
    arguments = command(request)
    prepare(ENVIRONMENT, PEER)
    request.folder.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    call(arguments, request.folder / 'output.log', OMP_NUM_THREADS=str(request.threads), HF_HUB_OFFLINE='1')
    record = json.loads(path.read_text())
    _write(path, dict(request=asdict(request), record=record))
    return record


def command(request: Request) -> list[str]:
    """The worker's command line; isolated (-I), so that no PYTHONPATH of this environment reaches the peer's."""
    category = CATEGORIES[request.dataset]
    root = _located('MMINSPECT_DATA', 'data', f'{request.dataset}/{category}').parent
    options = dict(root=root, category=category, weights=_located('MMINSPECT_WEIGHTS', 'weights', WEIGHTS),
                   out=request.folder, epochs=request.epochs, seed=request.seed, threads=request.threads,
                   workers=request.workers) | {'batch-size': request.batch_size}
    if request.limit is not None:
        options['limit'] = request.limit
    pairs = [text for name, value in options.items() for text in (f'--{name}', str(value))]
    return [str(python_of(ENVIRONMENT)), '-I', '-W', 'ignore', str(WORKER), *pairs,
            '--report', *map(str, request.report)]


def row(request: Request, record: dict[str, Any], epoch: int) -> dict[str, Any]:
    """One row of the table: times from the record, metrics from the maps."""
    seconds = record['epoch_seconds']
    return dict(
        name=f'{PEER.replace("==", " ")} ReverseDistillation', dataset=request.dataset,
        category=CATEGORIES[request.dataset], seed=request.seed, epoch=epoch, batch_size=request.batch_size,
        threads=record['threads'], train_images=record['train_images'], versions=record['versions'],
        epoch_seconds=statistics.median(seconds[1:] or seconds), train_seconds=sum(seconds[:epoch]),
        predict_seconds=record['predict_seconds'][str(epoch)],
        metrics=measure(request.maps[epoch], _located('MMINSPECT_DATA', 'data', request.dataset)))


def _located(variable: str, default: str, name: str) -> Path:
    path = Path(os.environ.get(variable, ROOT / default)).resolve() / name
    if not path.exists():
        raise UserError(f'{path} does not exist: set the environment variable {variable} to the folder of {name}')
    return path


def _write(path: Path, content: dict[str, Any]) -> None:
    with replacing(path) as handle:
        handle.write((json.dumps(content, indent=2) + '\n').encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--dataset', choices=CATEGORIES, default='mvtec_screw')
    parser.add_argument('--epochs', type=int, default=20)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--report', type=int, nargs='+', help='epochs to measure (default: the last)')
    parser.add_argument('--limit', type=int, help='number of training images, to try the script out')
    args = parser.parse_args()
    for found in peer_rows(args.dataset, args.epochs, args.seed, args.report or [args.epochs], args.limit):
        values = '  '.join(f'{name} {value:.3f}' for name, value in found['metrics'].items())
        print(f'{found["dataset"]} epoch {found["epoch"]}: {found["epoch_seconds"]:.1f} s per epoch  {values}')


if __name__ == '__main__':
    cli.run(main)
