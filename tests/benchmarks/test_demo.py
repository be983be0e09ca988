"""The two runs of the demo that its benchmark compares."""
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import demo
import readme
from mminspect.core.errors import UserError


def record(pretrained: bool, factor: float) -> dict:
    """As tools/demo.py writes it."""
    rows = [dict(part=part, title=title, config='c', metrics=metrics, seconds=10.4, cpu_seconds=20.0)
            for part, title, metrics in (('vials', 'student', dict(mAP_50=0.5 * factor)),
                                         ('textures', 'RD4AD', dict(image_auroc=0.9 * factor, pixel_ap=0.1 * factor)))]
    return dict(pretrained=pretrained, rows=rows,
                decisions=dict(false_alarms=2, good=16, misses=3, defective=24))


@pytest.mark.parametrize('pretrained', [True, False])
def test_a_run_with_other_weights_than_asked_for_is_refused(pretrained, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / 'demo.json').write_text(json.dumps(record(pretrained, 1)))
    called = []
    monkeypatch.setattr(demo.subprocess, 'run',
                        lambda command: (called.append(command), SimpleNamespace(returncode=0))[1])
    options = () if pretrained else ('--random', )
    assert demo.run(tmp_path, *options)['pretrained'] is pretrained
    assert called[-1][0] == sys.executable and called[-1][-2 - len(options):] == ['--out', str(tmp_path), *options]
    if not pretrained:
        with pytest.raises(UserError, match='not installed'):
            demo.run(tmp_path)


def test_table(monkeypatch) -> None:
    machine = dict(device='CPU', threads=2, torch='2')
    monkeypatch.setattr(readme, 'load', lambda name: dict(
        commit='c', date='d', hardware=machine, command='python benchmarks/demo.py', random=record(False, 0.5),
        pretrained=record(True, 1)))
    lines = readme.demo().splitlines()
    assert lines[2] == '| student: AP50 | 25.0 | 50.0 |' and '| RD4AD: pixel AP | 5.0 | 10.0 |' in lines
    assert '| false alarms of 16 good pictures at the calibrated threshold | 2 | 2 |' in lines
    assert '| misses of 24 defective pictures at the calibrated threshold | 3 | 3 |' in lines
    assert '| seconds of training and test, by the clock | 21 | 21 |' in lines
