"""Means and deviations against numbers worked out by hand."""
import json
import math

import pytest

from anomaly_rd import sweep_table
from anomaly_rd.sweep_table import Cell, over_categories, over_seeds

NAN = float('nan')


class FakeRun:
    """What the table reads of a run."""

    def __init__(self, category, seed, metrics, config='rd4ad'):
        self.config, self.category, self.seed, self.metrics = config, category, seed, metrics
        self.job = type('Job', (), dict(config=f'configs/{config}.py', work_dir=f'runs/{category}/{seed}'))


def test_over_seeds():
    assert str(over_seeds([0.9, 0.8, 0.7])) == '80.0 ± 10.0'  # sample standard deviation
    assert str(over_seeds([0.12345])) == '12.3'
    assert str(over_seeds([0.5, NAN, None, 0.7])) == '60.0 ± 14.1 (2/4)'
    assert str(over_seeds([NAN, None])) == 'n/a'


def test_over_categories_every_seed_gives_one_mean():
    # seed 0: (0.9 + 0.7) / 2, seed 1: (0.5 + 0.7) / 2; the spread within a seed is none over seeds
    cell = over_categories([[0.9, 0.5], [0.7, 0.7]])
    assert cell == Cell(pytest.approx(0.7), pytest.approx(math.sqrt(2) * 0.1), 2, 2)


def test_a_category_that_lacks_a_value_is_in_no_mean():
    assert str(over_categories([[0.9, 0.5], [0.7, NAN], [None, 0.1]])) == '70.0 ± 28.3 (1/3)'
    assert str(over_categories([[NAN], [None]])) == 'n/a'


def runs():
    def metrics(value, pixel=NAN):
        return dict(image_auroc=value, pixel_auroc=pixel)

    return [FakeRun('carpet', 0, metrics(0.9, 0.8)), FakeRun('carpet', 1, metrics(0.7, 0.8)),
            FakeRun('screw', 0, metrics(0.5)), FakeRun('screw', 1, metrics(0.6)),
            FakeRun('felt', 0, metrics(1.0, 0.6)), FakeRun('felt', 1, None)]


def test_rows():
    header, rows = sweep_table.cells(sweep_table.summarise(runs()))
    assert header[:4] == ['config', 'category', 'image_auroc', 'pixel_auroc']
    found = {row[1]: row[2:4] for row in rows}
    assert found == {
        'carpet': ['80.0 ± 14.1', '80.0 ± 0.0'], 'screw': ['55.0 ± 7.1', 'n/a'], 'felt': ['100.0 (1/2)', '60.0 (1/2)'],
        'texture mean': ['80.0 ± 14.1', '80.0 ± 0.0'], 'object mean': ['55.0 ± 7.1', 'n/a'],
        'mean': ['67.5 ± 3.5 (2/3)', '80.0 ± 0.0 (1/3)']}
    assert [row[0] for row in rows] == ['rd4ad', *[''] * 5]


def test_named_textures_and_several_configs():
    both = [*runs()[:2], FakeRun('felt', 0, dict(image_auroc=0.5)), FakeRun('felt', 1, dict(image_auroc=0.5)),
            *(FakeRun(category, seed, dict(image_auroc=1.0), 'akf') for category in ('carpet', 'felt')
              for seed in (0, 1))]
    table = sweep_table.summarise(both, textures=['felt'])
    assert table['rd4ad', 'texture mean']['image_auroc'].mean == pytest.approx(0.65)
    assert table['akf', 'texture mean']['image_auroc'] == Cell(1.0, 0.0, 2, 2)
    assert ('akf', 'object mean') not in table
    assert [row[0] for row in sweep_table.cells(table)[1]] == ['rd4ad', '', '', '', 'akf', '', '', '']


def test_one_category_has_no_mean_of_itself_but_its_group():
    assert [row for _, row in sweep_table.summarise([FakeRun('weave', 0, dict(image_auroc=0.5))])] == ['weave']


def test_record_is_json_in_full_precision():
    some = runs()
    content = json.loads(sweep_table.record(some, sweep_table.summarise(some), {some[5]: 'no such image'}),
                         parse_constant=pytest.fail)  # no NaN
    assert content['runs'][2]['metrics'] == dict(image_auroc=0.5, pixel_auroc=None)
    assert content['runs'][5]['metrics'] is None and content['runs'][5]['error'] == 'no such image'
    carpet = content['rows'][0]['metrics']['image_auroc']
    assert carpet['mean'] == 0.8 and carpet['std'] == pytest.approx(math.sqrt(2) * 0.1) and carpet['count'] == 2
    assert content['commit'] and content['selection'] == 'last epoch'
