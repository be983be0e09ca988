"""Every published row belongs to one config: the one that trains it."""
from collections import defaultdict
from pathlib import Path

import pytest
from mmengine.config import Config

from fdrd.published import NUMBERS_ONLY, TABLES, normalise, published, references_of
from helpers import ROOT

FOLDER = ROOT / 'configs' / 'fdrd'
CONFIGS = sorted(path for path in FOLDER.rglob('*.py') if '_base_' not in path.parts)
ROWS = {f'{table}/{row}' for table, rows in TABLES.items() for row in rows}


@pytest.fixture(scope='module')
def owners() -> dict[str, list[str]]:
    """Names of the configs by row."""
    found = defaultdict(list)
    for path in CONFIGS:
        for row in references_of(Config.fromfile(path).get('published')):
            found[row].append(path.stem)
    return found


def test_every_row_has_one_config(owners: dict[str, list[str]]) -> None:
    assert owners.keys() == {row for row in ROWS if row.split('/')[1] not in NUMBERS_ONLY}
    assert {row: stems for row, stems in owners.items() if len(stems) > 1} == {}


@pytest.mark.parametrize(('row', 'stem'), [
    ('table1/none', 'ckd_gfl_r18_48e_medicine'), ('table4/none', 'ckd_gfl_r18_48e_medicine'),
    ('table4/random noise', 'table1-uniform-sp_gfl_r18_48e_medicine'), ('table4/all', 'fdrd_gfl_r18_48e_medicine'),
    ('table3/our student', 'fdrd_gfl_r18_48e_medicine'), ('table6/our student', 'fdrd_gfl_r18_48e_tianchi'),
    ('table3/faster r-cnn', 'faster-rcnn_r50_48e_medicine'), ('table3/our teacher', 'semantic-se_r50_48e_medicine')])
def test_rows_that_stand_for_the_same_training(row: str, stem: str, owners: dict[str, list[str]]) -> None:
    assert owners[row] == [stem]


@pytest.mark.parametrize('stem', [
    'fdrd_gfl_r18_48e_medicine_authors', 'semantic-se_r50_58e_medicine_authors',
    'faster-rcnn_r50_semantic-fpn_48e_medicine', 'ckd-pkd_gfl_r18_48e_medicine'])
def test_variants_have_no_row(stem: str) -> None:
    path, = FOLDER.rglob(f'{stem}.py')
    assert Config.fromfile(path).get('published') is None


@pytest.mark.parametrize('path', CONFIGS, ids=lambda p: p.stem)
def test_rows_are_written_as_the_tables_have_them(path: Path) -> None:
    for row in references_of(Config.fromfile(path).get('published')):
        assert row in ROWS and normalise(row) == row and published(row)
