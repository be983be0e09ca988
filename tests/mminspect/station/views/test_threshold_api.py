"""The threshold: what it means, who set it, and that decisions follow it."""
from __future__ import annotations

import pytest

from mminspect.decisions import NormalScores
from station_site import LIMIT, NORMAL, Client, png


def test_it_comes_from_the_model_with_origin_and_rate(client: Client) -> None:
    shown = client.get('/api/threshold').json
    expected = NormalScores.of(NORMAL).false_reject_rate(LIMIT)
    assert shown['value'] == LIMIT and shown['origin'] == 'hold-out normal images' and shown['count'] == len(NORMAL)
    assert shown['by'] == 'model' and shown['model'] == 'difference' and shown['fingerprint'] == '0123456789abcdef'
    assert (shown['rate']['rate'], shown['rate']['low'], shown['rate']['high']) == (
        expected.rate, expected.low, expected.high)
    low, high = shown['range']
    assert low < min(NORMAL) and high > LIMIT


def test_a_preview_changes_nothing(client: Client) -> None:
    for value in (128, 188, 248):
        client.send('/api/detect', [('a.png', png(value))])
    shown = client.get('/api/threshold?value=0.2').json
    above = sum(score > 0.2 for score in NORMAL)
    assert shown['rate']['rate'] == pytest.approx((above + 1) / (len(NORMAL) + 1))
    assert shown['records'] == dict(defect=2, good=1)
    assert client.get('/api/threshold').json['value'] == LIMIT


def test_changing_it_changes_decisions_but_not_what_was_then(client: Client) -> None:
    record = client.send('/api/detect', [('a.png', png(188))]).json  # 60 / 128
    assert record['is_defect'] is False
    changed = client.post('/api/threshold', dict(value=0.4)).json
    assert changed['value'] == 0.4 and changed['origin'] == 'station'
    after = client.get(f'/api/records/{record["id"]}').json
    assert after['is_defect'] is True and after['threshold'] == 0.4 and after['threshold_then'] == LIMIT
    assert client.get('/api/records?decision=defect').json['count'] == 1
    assert client.send('/api/detect', [('b.png', png(188))]).json['threshold_then'] == 0.4
    assert client.post('/api/threshold', dict(reset=True)).json['value'] == LIMIT
    assert client.get(f'/api/records/{record["id"]}').json['is_defect'] is False


def test_it_can_be_chosen_by_rate(client: Client) -> None:
    shown = client.post('/api/threshold', dict(false_reject_rate=0.1)).json
    assert shown['value'] == NormalScores.of(NORMAL).threshold(0.1).value and '10 %' in shown['rule']
    reply = client.post('/api/threshold', dict(false_reject_rate=0.001))
    assert reply.status == 400 and '999' in reply.json['error']  # how many images are needed


@pytest.mark.parametrize('fields', [{}, dict(value='x'), dict(value=None), dict(value=True), dict(value=[1]),
                                    dict(value='1e999'), dict(false_reject_rate=2), dict(false_reject_rate='x')])
def test_unfit_values_are_refused(client: Client, fields: dict) -> None:
    reply = client.post('/api/threshold', fields)
    assert reply.status == 400 and reply.json['error']
    assert client.get('/api/threshold').json['value'] == LIMIT


@pytest.mark.parametrize('query', ['value=', 'value=nan', 'value=inf', 'value=1e999'])
def test_unfit_previews_are_refused(client: Client, query: str) -> None:
    assert client.get(f'/api/threshold?{query}').status == 400


def test_scores_come_in_order_of_time_with_histogram_and_drift(client: Client) -> None:
    ids = [client.send('/api/detect', [('a.png', png(value))]).json['id'] for value in (128, 248, 188)]
    shown = client.get('/api/scores').json
    assert [point[2] for point in shown['points']] == ids
    assert [point[1] for point in shown['points']] == pytest.approx([0, 120 / 128, 60 / 128])
    assert sum(shown['normal']['counts']) == len(NORMAL)
    assert len(shown['normal']['edges']) == len(shown['normal']['counts']) + 1
    assert shown['drift'] == dict(drifted=False, p_value=None, statistic=None, count=3, window=200)
    assert [point[2] for point in client.get('/api/scores?limit=1').json['points']] == ids[2:]
    assert client.get('/api/scores?limit=0').status == 400


def test_status(client: Client) -> None:
    shown = client.get('/api/status').json
    assert (shown['state'], shown['model'], shown['runtime'], shown['waiting']) == ('running', 'difference', 'numpy', 0)
