"""Damaged and odd inputs by the thousand: is each read rightly, or refused in one sentence?

    python benchmarks/mutations.py [--kinds voc coco ...] [--count 2100]
    python benchmarks/mutations.py --replay voc 17

Every input is made from a seed. What is right for it is known from how it was made, or from readers that have nothing
in common with the project's: xml.etree, json and rules of the format for annotations, Pillow's and OpenCV's decoders
and the check sums of PNG for pictures. It is tried through the project's own entry, in a process of its own kind that
may crash or hang. What is counted: traceback, crash, hang (more than 10 s), wrong input accepted in silence, right
input refused. A run that is interrupted goes on where it was, as long as the commit is the same. ``--replay`` tries one
input, shows everything about it and leaves its files.
"""
from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from common import ROOT, save
from mminspect.experiments.environment import commit
from mutating.case import FAILURES, Kind, Outcome, attempted, seeded
from mutating.coco import COCOKind
from mutating.configs import ConfigKind
from mutating.cvat import CVATKind
from mutating.images import ImageKind
from mutating.labelme import LabelmeKind
from mutating.lists import ListKind
from mutating.models import ModelKind
from mutating.processes import PATIENCE, Result, new_folder, tried
from mutating.uploads import UploadKind
from mutating.voc import VOCKind
from mutating.yolo import YOLOKind

KINDS: dict[str, type[Kind]] = {kind.name: kind for kind in (
    VOCKind, COCOKind, YOLOKind, CVATKind, ListKind, LabelmeKind, ImageKind, UploadKind, ModelKind, ConfigKind)}
WORK = ROOT / 'work_dirs' / 'benchmarks' / 'mutations'
#: Failures of one operator and outcome that are listed in the results.
LISTED = 3


def run(kind: Kind, count: int, journal: Path) -> list[Result]:
    """Results of the seeds 0 to ``count`` - 1; those that the journal has are not tried again."""
    known = read_journal(journal)
    with journal.open('a', encoding='utf-8') as file:
        for result in tried(kind, [seed for seed in range(count) if seed not in known]):
            known[result.seed] = result
            file.write(json.dumps(asdict(result)) + '\n')
            file.flush()
    return [known[seed] for seed in range(count)]


def read_journal(journal: Path) -> dict[int, Result]:
    """Results by seed; a last line that was cut off counts for nothing."""
    found = {}
    for line in journal.read_text(encoding='utf-8').splitlines() if journal.is_file() else ():
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        found[fields['seed']] = Result(**{**fields, 'outcome': Outcome(fields['outcome'])})
    return found


def summary(results: Sequence[Result], seconds: float) -> dict[str, Any]:
    """Counts by outcome and operator, and failures with the seeds that bring them back."""
    operators: dict[str, Counter] = defaultdict(Counter)
    for result in results:
        operators[result.operator][result.outcome.value] += 1
    listed: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        if result.outcome in FAILURES:
            listed[result.operator, result.outcome.value].append(result)
    failures = [dict(operator=operator, outcome=outcome, count=len(found), seeds=[one.seed for one in found[:LISTED]],
                     said=found[0].said[:300]) for (operator, outcome), found in sorted(listed.items())]
    return dict(inputs=len(results), seconds=round(seconds),
                outcomes=dict(Counter(result.outcome.value for result in results)),
                operators={name: dict(counts) for name, counts in sorted(operators.items())}, failures=failures)


def replay(kind: Kind, seed: int) -> Outcome:
    """Try one input in this process, and say everything."""
    folder = new_folder(kind.name, stays=True)
    mutant = kind.make(seeded(kind.name, seed), folder)
    print(f'{kind.name} {seed}: {mutant.operator}; the oracle says: {mutant.verdict}\nfiles: {folder}')
    outcome, said = attempted(kind, mutant, folder)
    print(f'outcome: {outcome.value}\nsaid: {said}')
    if outcome in (Outcome.SILENT, Outcome.WARNED):
        print(f'expected: {mutant.content}\nfound: {kind.attempt(folder).content}')
    if outcome is Outcome.TRACEBACK:
        try:
            kind.attempt(folder)
        except BaseException:
            traceback.print_exc()
    return outcome


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=list(KINDS), metavar='KIND',
                        help=f'of {", ".join(KINDS)} (default: all)')
    parser.add_argument('--count', type=int, default=2100, help='inputs of each kind (default: %(default)s)')
    parser.add_argument('--replay', nargs=2, metavar=('KIND', 'SEED'))
    parser.add_argument('--no-save', action='store_true', help='print, but leave benchmarks/results as it is')
    args = parser.parse_args(argv)
    if args.replay:
        kind = KINDS[args.replay[0]]()
        kind.prepare()
        return int(replay(kind, int(args.replay[1])) in FAILURES)
    journals = WORK / commit()
    if commit().endswith('+'):  # who knows what differs
        shutil.rmtree(journals, ignore_errors=True)
    journals.mkdir(parents=True, exist_ok=True)
    found = {}
    for name in args.kinds:
        kind, start = KINDS[name](), time.perf_counter()
        kind.prepare()
        found[name] = summary(run(kind, args.count, journals / f'{name}.jsonl'), time.perf_counter() - start)
        print(f'{name}: {found[name]["outcomes"]} in {found[name]["seconds"]} s', flush=True)
        for failure in found[name]['failures']:
            seeds = ' '.join(map(str, failure['seeds']))
            print(f'  {failure["outcome"]}: {failure["operator"]} ({failure["count"]}; seeds {seeds}): '
                  f'{failure["said"][:160]}', flush=True)
    if not args.no_save:
        save('mutations', kinds=found, patience_seconds=PATIENCE,
             command=f'python benchmarks/mutations.py --count {args.count}')
    return int(any(one['failures'] for one in found.values()))


if __name__ == '__main__':
    sys.exit(main())
