"""Tables of docs/reliability.md: header and rows from what mutations.py, kills.py and full_disk.py have found."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

Table = tuple[list[str], list[list[str]]]
#: Kinds of inputs and their outcomes in mutations.json, as the table calls them.
TITLES = dict(voc='Pascal VOC', coco='COCO', yolo='YOLO', cvat='CVAT', lists='lists of images', labelme='Labelme',
              images='images (PNG, JPEG, TIFF, BMP, WebP)', uploads='uploads to the station',
              models='ONNX models and their metadata', configs='data sections of configs')
OUTCOMES = {
    'accepted, right': 'read rightly', 'refused in one sentence': 'refused in one sentence',
    'accepted with a warning': 'read with a warning', 'accepted though wrong, in silence': 'wrong, in silence',
    'refused though right': 'refused though right', 'traceback': 'traceback', 'crash of the interpreter': 'crash',
    'hang': 'hang'}


def mutations(result: dict[str, Any]) -> Table:
    """Damaged and odd inputs by kind and outcome."""
    rows = [[TITLES[name], str(found['inputs']), *(str(found['outcomes'].get(key, 0)) for key in OUTCOMES)]
            for name, found in result['kinds'].items()]
    totals = [sum(int(row[column]) for row in rows) for column in range(1, len(OUTCOMES) + 2)]
    return ['inputs', 'number', *OUTCOMES.values()], [*rows, ['all', *map(str, totals)]]


def mutation_failures(result: dict[str, Any]) -> Table:
    """Every failure of the run, with the seed that brings it back; one row that says so where there is none."""
    rows = [[TITLES[name], one['operator'], OUTCOMES[one['outcome']], str(one['count']),
             f'`--replay {name} {one["seeds"][0]}`'] for name, found in result['kinds'].items()
            for one in found['failures']]
    return ['inputs', 'what was done to them', 'what became of them', 'number', 'the first again'], \
        rows or [['none', '', '', '', '']]


def kills(result: dict[str, Any]) -> Table:
    """SIGKILL in the middle of trainings, by the phase that was hit."""
    phases = list(result['trainings'][0]['phases'])
    rows = [[row['name'], str(row['kills']), *(str(row['phases'][phase]) for phase in phases),
             f'{row["resumed"]} of {row["trainings"]}', f'{row["bit_equal"]} of {row["trainings"]}']
            for row in result['trainings']]
    return ['training', 'kills', *(f'in: {phase}' for phase in phases), 'trainings that went on to the end',
            'equal in every bit'], rows


def full_disk(result: dict[str, Any]) -> Table:
    """Stages at which the disk got full, by command."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in result['rows']:
        groups.setdefault(row['command'], []).append(row)
    rows = [[name, str(len(found)), *(str(sum(row[key] for row in found)) for key in ('sentence', 'kept', 'goes_on'))]
            for name, found in groups.items()]
    return ['command', 'stages', 'one sentence and status 2 (station: 507)', 'nothing lost or half written',
            'went on to the same result'], rows or [[f'not run: {result["not_run"]}', '', '', '', '']]


#: Name of the table -> name of the results and what makes rows of them.
RELIABILITY: dict[str, tuple[str, Callable[[dict[str, Any]], Table]]] = dict(
    mutations=('mutations', mutations), mutation_failures=('mutations', mutation_failures), kills=('kills', kills),
    full_disk=('full_disk', full_disk))
