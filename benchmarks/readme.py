"""Write the tables of the READMEs from benchmarks/results/*.json.

    python benchmarks/readme.py            # rewrite the tables
    python benchmarks/readme.py --check    # exit with 1 if a table is not what the results say

A table stands between the lines ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``.
"""
from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / 'benchmarks' / 'results'
DOCUMENTS = ('README.md', 'projects/fdrd/README.md')
BLOCK = re.compile(r'(<!-- begin: (\S+) -->\n).*?(<!-- end: \2 -->)', re.S)


def load(name: str) -> dict:
    return json.loads((RESULTS / f'{name}.json').read_text())


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, first column left, the others right aligned."""
    lines = [header, ['---'] + ['--:'] * (len(header) - 1), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines) + '\n'


def provenance(result: dict) -> str:
    """One line: commit, date, hardware."""
    machine = result['hardware']
    return (f'\nCommit {result["commit"]}, {result["date"]}, {machine["device"]}, {machine["threads"]} thread(s), '
            f'torch {machine["torch"]}.\n')


def deeppcb() -> str:
    """DeepPCB: mean ± standard deviation in percent."""
    result = load('deeppcb')
    columns = (('AP50', 'mAP_50'), ('AP', 'mAP'), ('APsmall', 'mAP_s'), ('AR', 'AR@100'), ('ARsmall', 'AR_s@1000'))

    def cell(row: dict, key: str) -> str:
        if key not in row['mean']:
            return 'n/a'
        spread = f' ± {100 * row["std"][key]:.1f}' if row['std'] else ''
        return f'{100 * row["mean"][key]:.1f}{spread}'
    rows = [[row['name'], str(row['epochs']), str(row['runs']), *(cell(row, key) for _, key in columns)]
            for row in result['rows'] if row['runs']]
    return markdown(['DeepPCB, 320x320, percent', 'epochs', 'seeds', *(title for title, _ in columns)], rows) \
        + f'\nCommand: `{result["command"]}`. Metrics of the last epoch.' + provenance(result).replace('\n', ' ', 1)


def cost() -> str:
    """FLOPs and parameters beside the published ones."""
    result = load('cost')
    rows = [[row['name'], f'{row["gflops"]:.1f}', f'{row["published_gflops"]:.1f}', f'{row["trainable"] / 1e6:.2f}',
             f'{row["published_mparams"]:.1f}'] for row in result['rows']]
    return markdown(['1x3x800x1280, one class', 'GFLOPs', 'published', 'params (10⁶, trainable)', 'published'], rows) \
        + provenance(result)


def speed() -> str:
    """Ratios of the distillation step and of reassembly."""
    step, upsample = load('distillation_step'), load('reassemble')
    rows = [
        ['time of a distillation step / (student step + teacher forward)', f'{step["time_ratio"]:.2f}', '≤ 1.35'],
        ['peak memory of the same / (student step + teacher forward)', f'{step["memory_ratio"]:.2f}', '≤ 1.20'],
        ['reassembly, direct way / ours, forward', f'{upsample["speedup_forward"]:.1f}', '≥ 5'],
        ['reassembly, direct way / ours, forward and backward', f'{upsample["speedup_forward_backward"]:.1f}', '≥ 3'],
    ]
    return markdown(['ratio within one run, CPU', 'measured', 'aim'], rows) + provenance(step)


TABLES: dict[str, Callable[[], str]] = {'deeppcb': deeppcb, 'cost': cost, 'speed': speed}


def rendered(text: str) -> str:
    """``text`` with every marked table made anew."""
    return BLOCK.sub(lambda match: match.group(1) + TABLES[match.group(2)]() + match.group(3), text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--check', action='store_true')
    args = parser.parse_args()
    stale = []
    for name in DOCUMENTS:
        path = ROOT / name
        old = path.read_text(encoding='utf-8')
        new = rendered(old)
        if new != old:
            stale.append(name)
            if not args.check:
                path.write_text(new, encoding='utf-8')
    print(f'{"stale" if args.check else "rewritten"}: {", ".join(stale) or "nothing"}')
    return int(args.check and bool(stale))


if __name__ == '__main__':
    sys.exit(main())
