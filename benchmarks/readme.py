"""Write the tables of the READMEs from benchmarks/results/*.json.

    python benchmarks/readme.py            # rewrite the tables
    python benchmarks/readme.py --check    # exit with 1 if a table is not what the results say

A table stands between the lines ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``.
"""
from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mminspect.experiments import table as tables
from reliability_tables import RELIABILITY

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / 'benchmarks' / 'results'
PROJECTS = ('fdrd', 'anomaly_rd', 'mminspect/inspection', 'mminspect/station')
GUIDES = ('supported_versions', 'your_own_data', 'check_your_data', 'read_the_numbers', 'reliability')
DOCUMENTS = ('README.md', 'README_zh-CN.md', *(f'docs/{name}.md' for name in GUIDES),
             *(f'projects/{name}/README.md' for name in PROJECTS))
BLOCK = re.compile(r'(<!-- begin: (\S+) -->\n).*?(<!-- end: \2 -->)', re.S)


def load(name: str) -> dict:
    return json.loads((RESULTS / f'{name}.json').read_text())


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table that ends its line."""
    return tables.markdown(header, rows) + '\n'


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


ANOMALY_COLUMNS = (('image AUROC', 'image_auroc'), ('pixel AUROC', 'pixel_auroc'), ('AUPRO', 'aupro'),
                   ('AUPRO 0.05', 'aupro_05'), ('image AP', 'image_ap'), ('pixel AP', 'pixel_ap'),
                   ('image F1max', 'image_f1max'), ('pixel F1max', 'pixel_f1max'))


def spread(values: list[float], digits: int) -> str:
    """Mean, with ± standard deviation where there are several."""
    text = f'{statistics.mean(values):.{digits}f}'
    return f'{text} ± {statistics.stdev(values):.{digits}f}' if len(values) > 1 else text


def peers_by_epoch(result: dict) -> dict[int, list[dict]]:
    """The peer's rows, one per seed, of every epoch that it was measured after."""
    epochs = sorted({row['epoch'] for row in result['peer']})
    return {epoch: [row for row in result['peer'] if row['epoch'] == epoch] for epoch in epochs}


def anomaly(category: str) -> str:
    """All methods on one category, last epoch, percent; the peer below."""
    result = load(f'anomaly_{category}')

    def line(name: str, runs: list[dict]) -> list[str]:
        return [name, *(spread([100 * run[key] for run in runs], 1) for _, key in ANOMALY_COLUMNS), str(len(runs))]
    rows = [line(row['name'], row['runs']) for row in result['rows']]
    peers = list(peers_by_epoch(result).values())
    rows += [line(runs[0]['name'], [run['metrics'] for run in runs]) for runs in peers[-1:]]
    rows.append(['no model: the mean grey value of the image', *(
        f'{100 * result["brightness"][key]:.1f}' if key in result['brightness'] else '' for _, key in ANOMALY_COLUMNS),
        ''])
    return markdown([f'{category}, 256x256, percent', *(title for title, _ in ANOMALY_COLUMNS), 'seeds'], rows) \
        + f'\nCommand: `{result["command"]}`. Last epoch.' + provenance(result).replace('\n', ' ', 1)


def anomaly_epochs(last_only: bool = False) -> str:
    """RD4AD, ours and the peer's, after the same number of epochs, over the seeds that both have run."""
    keys = ('image_auroc', 'pixel_auroc', 'aupro', 'pixel_ap')
    rows = []
    for category in ('screw', 'fabric02'):
        result = load(f'anomaly_{category}')
        ours = result['rows'][0]['by_epoch']
        for epoch, peers in list(peers_by_epoch(result).items())[-1 if last_only else 0:]:
            pairs = [(ours[str(row['seed'])][str(epoch)], row['metrics']) for row in peers if str(row['seed']) in ours]
            for name, side in (('ours', 0), ('anomalib', 1)) if pairs else ():
                rows.append([f'{category}, epoch {epoch}, {name}',
                             *(spread([100 * pair[side][key] for pair in pairs], 1) for key in keys), str(len(pairs))])
    return markdown(['RD4AD, ours and anomalib 2.7.0, percent', 'image AUROC', 'pixel AUROC', 'AUPRO', 'pixel AP',
                     'seeds'], rows)


def anomaly_speed() -> str:
    """Seconds per training epoch, ours and the peer's."""
    result = load('anomaly_speed')
    rows = [[row['name'], f'{row["epoch_seconds"]:.1f}', f'{row["times_faster"]:.1f}'] for row in result['rows']]
    return markdown(['RD4AD, ResNet-18, 160 images of 256x256, batch 16', 's/epoch', 'times faster'], rows) \
        + f'\nCommand: `{result["command"]}`.' + provenance(result).replace('\n', ' ', 1)


def anomaly_metrics() -> str:
    """Speed, error and memory of the metrics."""
    result = load('anomaly_metrics')
    small, large = result['small'], result['large']
    rows = [
        [f'{small["maps"]} maps of 256x256: exact sorting, one metric after the other / ours',
         f'{small["speedup"]["exact_numpy"]:.0f}', '≥ 20'],
        ['the same with scikit-learn', f'{small["speedup"]["exact_scikit_learn"]:.0f}', '≥ 20'],
        ['largest difference from exact sorting', f'{max(small["largest_difference"].values()):.0e}', '≤ 1e-5'],
        [f'{large["maps"]} maps of 1024x1024: growth of the memory over the last nine tenths, MiB',
         f'{large["growth_mib"]:.0f}', 'none'],
        ['the same: seconds', f'{large["seconds"]:.0f}', ''],
    ]
    return markdown(['all seven metrics, one run', 'measured', 'aim'], rows) + provenance(result)


def inspection_latency() -> str:
    """Milliseconds of every model in every form, and how much faster than PyTorch."""
    result = load('inspection_latency')
    by_model = latencies(result)
    forms = list(next(iter(by_model.values())))
    rows = [[model, *(f'{found[form]["p50"]:.0f} / {found[form]["p95"]:.0f}' for form in forms),
             f'{found[forms[0]]["p50"] / min(values["p50"] for values in found.values()):.1f}']
            for model, found in by_model.items()]
    return markdown(['end to end, ms, p50 / p95', *forms, 'PyTorch / best'], rows) \
        + f'\nCommand: `{result["command"]}`.' + provenance(result).replace('\n', ' ', 1)


def latencies(result: dict) -> dict[str, dict[str, dict]]:
    """model -> form -> milliseconds."""
    by_model: dict[str, dict[str, dict]] = {}
    for row in result['rows']:
        by_model.setdefault(row['model'], {})[row['form']] = row['milliseconds']
    return by_model


def inspection_ratios() -> str:
    """The student against itself in PyTorch, and against larger detectors in the same form."""
    (name, student), *others = latencies(load('inspection_latency')).items()
    best = min(student, key=lambda form: student[form]['p50'])
    eager, fastest = student['PyTorch']['p50'], student[best]['p50']
    rows = [[f'student in PyTorch / in {best}', f'{eager / fastest:.1f}', '≥ 2']]
    for model, forms in others:
        if not model.endswith('R50'):
            continue
        if model == 'GFL-R50':
            rows.append([f'{model} in PyTorch / student in {best}', f'{forms["PyTorch"]["p50"] / fastest:.1f}', '≥ 3'])
        ratios = [values['p50'] / student[form]['p50'] for form, values in forms.items()]
        rows.append([f'{model} / student, form by form', f'{min(ratios):.2f} to {max(ratios):.2f}', '> 1'])
    return markdown([f'ratio of median times, {name}', 'measured', 'aim'], rows)


def inspection_accuracy() -> str:
    """What every form does to the accuracy, percent."""
    result = load('inspection_accuracy')
    columns = (('image AUROC', 'image_auroc'), ('pixel AUROC', 'pixel_auroc'), ('AP', 'mAP'), ('AP50', 'mAP_50'),
               ('APsmall', 'mAP_s'))
    rows = [[row['model'], row['form'], str(row['images']),
             *(f'{100 * row["metrics"][key]:.2f}' if key in row['metrics'] else '' for _, key in columns)]
            for row in result['rows']]
    return markdown(['model', 'form', 'images', *(title for title, _ in columns)], rows) \
        + f'\nCommand: `{result["command"]}`.' + provenance(result).replace('\n', ' ', 1)


def large_image() -> str:
    """Speed and memory on line scans."""
    result = load('large_image')
    rows = [[row['model'], f'{row["height"]}x{row["width"]}', f'{row["megapixels_per_second"]:.1f}',
             f'{row["seconds"]:.1f}', f'{row["image_and_map_mib"]:.0f}',
             f'{row["peak_mib"] - row["before_mib"]:.0f}'] for row in result['rows']]
    return markdown([f'{result["runtime"]} {result["precision"]}, tiles of {result["tile"]}', 'pixels', 'megapixels/s',
                     'seconds', 'image and map, MiB', 'peak above the start, MiB'], rows) + provenance(result)


def station_load() -> str:
    """Clients that upload while a camera runs, and a kill in the middle."""
    result = load('station_load')
    busy, kill = result['load'], result['kill']
    times, server, worker = busy['seconds_to_result'], busy['resident_mib']['server'], busy['resident_mib']['worker']
    height, width, _ = result['picture']
    rows = [
        ['uploads, and how many a second', f'{busy["uploads"]}, {busy["uploads_per_second"]:.1f}'],
        ['lost, duplicated, without a result, with the result of another',
         ', '.join(str(busy[key]) for key in ('lost', 'duplicated', 'without_result', 'wrong_score'))],
        ['seconds from sending to the result, p50 / p95', f'{times["p50"]:.2f} / {times["p95"]:.2f}'],
        ['live frames shown a second', f'{busy["live"]["frames_shown_per_second"]:.1f} of {result["live_rate"]}'],
        ['memory of the server, MiB: start, warm, end',
         ', '.join(f'{server[key]:.0f}' for key in ('start', 'warm', 'end'))],
        ['memory of the worker, MiB: start, warm, end',
         ', '.join(f'{worker[key]:.0f}' for key in ('start', 'warm', 'end'))],
        ['SIGKILL: uploads acknowledged before', str(kill['acknowledged'])],
        ['of them lost, duplicated, without a result after the next start',
         ', '.join(str(kill[key]) for key in ('lost', 'duplicated', 'without_result'))]]
    title = f'{result["clients"]} clients for {result["seconds"]:.0f} s, {width}x{height}, one live stream'
    return markdown([title, 'measured'], rows) \
        + f'\nCommand: `{result["command"]}`.' + provenance(result).replace('\n', ' ', 1)


def demo() -> str:
    """The demo with random weights and with those from pip: metrics in percent, decisions, seconds."""
    result = load('demo')
    runs = [result['random'], result['pretrained']]
    rows = [[f'{row["title"]}: {title}', *(f'{100 * run["rows"][number]["metrics"][key]:.1f}' for run in runs)]
            for number, row in enumerate(runs[0]['rows'])
            for title, key in ((('AP50', 'mAP_50'), ) if row['part'] == 'vials' else
                               (('image AUROC', 'image_auroc'), ('pixel AP', 'pixel_ap')))]
    good, defective = (runs[0]['decisions'][key] for key in ('good', 'defective'))
    rows += [[f'{words} at the calibrated threshold', *(str(run['decisions'][key]) for run in runs)]
             for words, key in ((f'false alarms of {good} good pictures', 'false_alarms'),
                                (f'misses of {defective} defective pictures', 'misses'))]
    rows += [[f'seconds of training and test, {words}',
              *(f'{sum(row[key] for row in run["rows"]):.0f}' for run in runs)]
             for words, key in (('by the clock', 'seconds'), ('of CPU time', 'cpu_seconds'))]
    return markdown(['`make demo`', 'random weights', 'weights from pip'], rows) \
        + f'\nCommand: `{result["command"]}`. Percent, last epoch.' + provenance(result).replace('\n', ' ', 1)


def release_check() -> str:
    """What was tried before a release, and where."""
    result = load('release_check')
    rows = []
    for found in result['steps'].values():
        tests = f'{found["passed"]} passed, {found["failed"]} failed' if 'passed' in found else ''
        details = [f'{found["megabytes"]} MB installed in {found["install_seconds"]} s'] if 'megabytes' in found else []
        details += [f'`mminspect --help` {found["help_seconds"]} s'] if 'help_seconds' in found else []
        details += [f'station ready in {found["ready_seconds"]} s'] if 'ready_seconds' in found else []
        details += [f'{name} {seconds} s' for name, seconds in found.get('notebook_seconds', {}).items()]
        details += [found[key] for key in ('remark', 'why') if key in found]
        rows.append([found['title'], found['result'], found.get('python', ''), found.get('torch', ''), tests,
                     '; '.join(details), f'{found["commit"]}, {found["date"]}'])
    return markdown(['step', 'result', 'Python', 'torch', 'tests', 'beside', 'commit'], rows) \
        + f'\nCommand: `{result["command"]}`. The tests are a part of the suite: ' \
        + ', '.join(f'`{name}`' for name in result['subset']) + f'. {result["hardware"]["device"]}.\n'


def startup() -> str:
    """Whole commands, from start to end."""
    result = load('startup')
    seconds, names = result['seconds'], {
        'help': '`mminspect --help`', 'inspect': '`mminspect inspect`, an exported model and one picture',
        'import torch': 'for comparison: Python imports torch', 'python': 'for comparison: Python does nothing'}
    rows = [[title, f'{seconds[name]:.2f}'] for name, title in names.items()]
    return markdown(['whole command', 'seconds'], rows) + f'\nCommand: `{result["command"]}`.' \
        + provenance(result).replace('\n', ' ', 1)


def quickstart() -> str:
    """One command on a folder of good pictures."""
    result = load('quickstart')
    rows = [[name, str(found['pictures']), str(found['defective'])] for name, found in result['found'].items()]
    return markdown(['inspected', 'pictures', 'called defective'], rows) \
        + f'\n{result["good"]} good pictures of 256x256, {result["seconds"]} s in all ({result["cpu_seconds"]} s of ' \
        + f'processors). Command: `{result["command"]}`.' + provenance(result).replace('\n', ' ', 1)


def wrong_uses() -> str:
    """What came of every command used wrongly."""
    result = load('wrong_uses')
    names = {'refused': 'one sentence, status 2', 'warned': 'a warning', 'silent': 'taken in silence',
             'traceback': 'traceback', 'too long': 'no answer'}
    commands = list(dict.fromkeys(row['command'] for row in result['uses']))
    counts = {name: [row['outcome'] for row in result['uses'] if row['command'] == name] for name in commands}
    rows = [[f'`mminspect {name}`'.replace(' `', '`'), str(len(found)), *(str(found.count(key)) for key in names),
             str(sum(outcome not in names for outcome in found))] for name, found in counts.items()]
    total = [row['outcome'] for row in result['uses']]
    rows.append(['all', str(len(total)), *(str(total.count(key)) for key in names),
                 str(sum(outcome not in names for outcome in total))])
    return markdown(['command', 'wrong uses', *names.values(), 'other'], rows) \
        + f'\nCommand: `{result["command"]}`.' + provenance(result).replace('\n', ' ', 1)


def reliability(name: str) -> str:
    """A table of reliability_tables.py."""
    source, rows_of = RELIABILITY[name]
    result = load(source)
    return markdown(*rows_of(result)) + f'\nCommand: `{result["command"]}`.' \
        + provenance(result).replace('\n', ' ', 1)


def data_cues() -> str:
    """What the check finds in real data sets."""
    result = load('data_cues')
    names = ('mean grey', 'contrast', 'sharpness', 'file size', 'image size')
    rows = [[row['name'], str(row['images']), *(f'{row["cues"][name]:.2f}' if name in row['cues'] else 'n/a'
                                                for name in names),
             f'{row["copies_between"]}, {row["copies_within"]}',
             f'{row["below_limit"]} of {row["objects"]} ({row["limit"]:g} px)' if row['objects'] else 'n/a']
            for row in result['rows']]
    return markdown(['data set', 'images', *names, 'copies between, within splits', 'small objects'], rows) \
        + f'\nCommand: `{result["command"]}`.' + provenance(result).replace('\n', ' ', 1)


def survey() -> str:
    """How fast the check is."""
    result = load('survey')
    row = [f'{result["images"]} JPEGs of {result["megapixels"]:.1f} megapixels, {result["kilobytes"]} kB each',
           f'{result["seconds"]:.0f}', f'{result["images_per_second"]:.0f}', '60 s for 5000']
    return markdown(['the whole command, two threads', 'seconds', 'images/s', 'aim'], [row]) \
        + f'\nCommand: `{result["command"]}`.' + provenance(result).replace('\n', ' ', 1)


TABLES: dict[str, Callable[[], str]] = {
    'deeppcb': deeppcb, 'cost': cost, 'speed': speed, 'anomaly_screw': partial(anomaly, 'screw'),
    'anomaly_fabric02': partial(anomaly, 'fabric02'), 'anomaly_epochs': anomaly_epochs,
    'anomaly_last': partial(anomaly_epochs, last_only=True), 'anomaly_speed': anomaly_speed,
    'anomaly_metrics': anomaly_metrics, 'inspection_latency': inspection_latency,
    'inspection_ratios': inspection_ratios, 'inspection_accuracy': inspection_accuracy, 'large_image': large_image,
    'station_load': station_load, 'demo': demo, 'startup': startup, 'quickstart': quickstart,
    'release_check': release_check, 'wrong_uses': wrong_uses,
    'data_cues': data_cues, 'survey': survey,
    **{name: partial(reliability, name) for name in RELIABILITY}}


def rendered(text: str) -> str:
    """``text`` with every marked table made anew; a table whose results are not there says so."""
    return BLOCK.sub(lambda match: match.group(1) + table(match.group(2)) + match.group(3), text)


def table(name: str) -> str:
    """One of ``TABLES``."""
    try:
        return TABLES[name]()
    except FileNotFoundError:
        return 'Not measured yet.\n'


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
