"""What the benchmarks share."""
import json
import time

import common


def test_interleaved_takes_turns_and_leaves_the_warm_up_out():
    order = []

    def slow():
        order.append('slow')
        time.sleep(0.2 if len(order) <= 2 else 0.02)
    seconds = common.interleaved({'slow': slow, 'fast': lambda: order.append('fast')}, rounds=3, warmup=1)
    assert order == ['slow', 'fast'] * 4
    assert 0.02 <= seconds['slow'] < 0.2 and seconds['fast'] < seconds['slow']


def test_a_result_carries_commit_and_hardware(tmp_path, monkeypatch):
    monkeypatch.setattr(common, 'RESULTS', tmp_path)
    monkeypatch.setattr(common, 'ROOT', tmp_path)
    common.save('x', seed=3, value=1.5)
    result = json.loads((tmp_path / 'x.json').read_text())
    assert result['value'] == 1.5 and result['seed'] == 3
    assert result['commit'] and result['hardware']['torch'] and result['hardware']['threads'] >= 1
