"""The metrics benchmark measures what it says, on few small maps."""
import pytest

import anomaly_metrics


def test_all_ways_give_the_same_values():
    result = anomaly_metrics.compare(6, rounds=1)
    assert set(result['values']['streaming']) == set(result['values']['exact_numpy']) == set(anomaly_metrics.NAMES)
    assert max(result['largest_difference'].values()) < 1e-5
    assert result['speedup']['exact_numpy'] == \
        pytest.approx(result['seconds']['exact_numpy'] / result['seconds']['streaming'])
    assert 0.5 < result['values']['streaming']['pixel_auroc'] < 1


def test_stream_reports_the_memory_on_the_way(monkeypatch):
    monkeypatch.setattr(anomaly_metrics, 'LARGE', 256)
    result = anomaly_metrics.stream(20)
    assert list(result['resident_mib']) == ['1', '2', '10', '20']
    assert result['growth_mib'] == result['resident_mib']['20'] - result['resident_mib']['2']
    assert 0.5 < result['values']['pixel_auroc'] < 1
