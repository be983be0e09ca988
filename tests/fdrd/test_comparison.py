"""Collecting runs, joining them with published rows, and what is not there."""
import json
from pathlib import Path

import pytest
import torch

from fdrd import comparison
from mminspect.core.errors import UserError
from mminspect.experiments.jobs import Job
from mminspect.models.building import load_model
from mminspect.runtime import load_config

CONFIGS = Path(__file__).parents[2] / 'configs'
SLIM = '''
_base_ = '{base}'
default_scope = 'mmdet'
custom_imports = dict(imports=['fdrd'])
randomness = dict(seed=7)
model = dict(backbone=dict(base_channels=8), neck=dict(in_channels=[8, 16, 32, 64], out_channels=64),
             bbox_head=dict(in_channels=64, feat_channels=64))
published = {published!r}
'''


def job(tmp_path: Path, name: str = 'a', published: str | list[str] | None = 'Table3:ATSS',
        metrics: dict | None = None) -> Job:
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / f'{name}.py'
    path.write_text(SLIM.format(base=CONFIGS / 'fdrd' / '_base_' / 'gfl_r18.py', published=published))
    made, = comparison.jobs_of([str(path)], tmp_path / 'runs')
    made.work_dir.mkdir(parents=True)
    if metrics is not None:
        (made.work_dir / 'metrics.json').write_text(json.dumps(metrics))
    return made


def test_folders_of_runs():
    assert [j.work_dir for j in comparison.jobs_of(['x/a.py', 'y/b.py'], 'w')] == [Path('w/a'), Path('w/b')]
    with pytest.raises(UserError, match='several configs are called a'):
        comparison.jobs_of(['x/a.py', 'y/b.py', 'z/a.py'], 'w')


def test_metrics_in_percent(tmp_path):
    found = {'coco/bbox_mAP': 0.202, 'coco/bbox_mAP_50': 0.536, 'coco/bbox_mAP_75': 0.9, 'coco/bbox_mAP_s': -1.0,
             'coco/bbox_AR@100': 0.0, 'coco/recall_4_8': 0.4}
    values = comparison.metrics_of(job(tmp_path, metrics=found))
    assert values == dict(AP50=pytest.approx(53.6), AP=pytest.approx(20.2), APsmall=None, AR=0.0, ARsmall=None)


def test_no_metrics(tmp_path):
    assert set(comparison.metrics_of(job(tmp_path)).values()) == {None}


@pytest.mark.parametrize('text', ['{"coco/bbox_mAP": 0.2', '[1, 2]', '{"bbox_mAP": "high"}', '{"bbox_mAP": [1]}'])
def test_damaged_metrics(tmp_path, text):
    made = job(tmp_path, metrics={})
    (made.work_dir / 'metrics.json').write_text(text)
    with pytest.raises(UserError, match=r'a/metrics.json is no file of results'):
        comparison.metrics_of(made)


def test_undefined_values_stay_undefined(tmp_path):
    made = job(tmp_path, metrics={})
    (made.work_dir / 'metrics.json').write_text('{"bbox_mAP": NaN}')
    assert comparison.metrics_of(made)['AP'] is None


def test_a_measured_row(tmp_path):
    made = job(tmp_path, metrics={'coco/bbox_mAP_50': 0.5})
    row = comparison.measured_row(made, (96, 160), images=0)
    assert (row.name, row.references, row.measured) == ('a', ('table3/atss', ), True)
    assert row.values['AP50'] == 50 and row.values['AP'] is None and row.values['FPS'] is None
    weights = load_model(load_config(made.config), None).parameters()
    assert row.values['params'] == pytest.approx(sum(p.numel() for p in weights if p.requires_grad) / 1e6)
    twice = comparison.measured_row(made, (192, 320), images=0)
    assert twice.values['FLOPs'] == pytest.approx(4 * row.values['FLOPs'], rel=0.02)
    assert row.details == dict(config=str(made.config), seed=7, checkpoint=None)


def test_speed_uses_the_checkpoint(tmp_path):
    made = job(tmp_path)
    weights = made.work_dir / 'epoch_1.pth'
    (made.work_dir / 'last_checkpoint').write_text(str(weights))
    row = comparison.measured_row(made, (96, 160), images=0)
    assert row.details['checkpoint'] is None  # named, but gone
    torch.save(dict(state_dict=load_model(load_config(made.config), None).state_dict()), weights)
    row = comparison.measured_row(made, (96, 160), images=1)
    assert row.details['checkpoint'] == str(weights) and row.values['FPS'] > 0
    weights.write_bytes(b'no weights')
    with pytest.raises(UserError, match='checkpoint'):
        comparison.measured_row(made, (96, 160), images=1)


def test_a_config_may_stand_in_several_tables(tmp_path):
    made = comparison.measured_row(job(tmp_path, published=['Table2:CKD', 'table1/none']), (96, 160), images=0)
    assert made.references == ('table2/ckd', 'table1/none')
    assert comparison.measured_row(job(tmp_path / 'b', published=None), (96, 160), images=0).references == ()


def row(name: str, *references: str) -> comparison.Row:
    return comparison.Row(name, dict.fromkeys(comparison.COLUMNS, 1.0), references)


def names(rows: list[comparison.Row]) -> list[str]:
    return [r.name for r in rows]


def test_published_rows_stand_behind_their_runs():
    assert names(comparison.with_published([row('a', 'table2/ckd'), row('b')])) == ['a', 'paper: table2/ckd', 'b']


def test_all_published_rows_of_a_run_stand_behind_it():
    joined = comparison.with_published([row('a', 'table2/ckd', 'table1/none'), row('b')], ['table1:none'])
    assert names(joined) == ['a', 'paper: table2/ckd', 'paper: table1/none', 'b']


def test_what_has_no_code_is_added_to_tables_of_detectors():
    joined = names(comparison.with_published([row('a', 'table3/atss'), row('b', 'table3/tood')]))
    assert joined == ['a', 'paper: table3/atss', 'b', 'paper: table3/tood', 'paper: table3/acma', 'paper: table3/sqr']
    assert names(comparison.with_published([row('a')])) == ['a']


def test_further_rows_appear_once():
    joined = comparison.with_published([row('a', 'table3/atss')], ['Table3:ATSS', 'table3:sqr', 'table2:PKD'])
    assert names(joined) == ['a', 'paper: table3/atss', 'paper: table3/sqr', 'paper: table2/pkd', 'paper: table3/acma']


def test_cells_and_record():
    rows = comparison.with_published([row('a', 'table1/none')])
    header, lines = comparison.cells(rows)
    assert header == ['', 'AP50', 'AP', 'APsmall', 'AR', 'ARsmall', 'FLOPs', 'params', 'FPS']
    assert lines == [['a'] + ['1.0'] * 8,
                     ['paper: table1/none', '52.2', 'n/a', '18.2', '26.7', '26.1', 'n/a', 'n/a', 'n/a']]
    content = json.loads(comparison.record(rows, (96, 160), 3))
    assert [line['published'] for line in content['rows']] == [['table1/none'], ['table1/none']]
    assert content['rows'][1]['values']['AP'] is None and content['rows'][1]['measured'] is False
    assert content['shape'] == [96, 160] and {'commit', 'device', 'threads'} <= content.keys()


def test_caption_states_the_conditions():
    text = comparison.caption((96, 160), 3)
    assert '1x3x96x160' in text and '3 images' in text and 'threads' in text and 'not measured' not in text
    assert 'FPS: not measured' in comparison.caption((96, 160), 0)
