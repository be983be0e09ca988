"""Images per second."""
import re

import fps


def test_a_row_for_every_config_and_a_status(config, broken, capsys):
    small = ['--shape', '70', '90', '--images', '3', '--warmup', '1']
    assert fps.main([str(broken), str(config), *small]) == 1  # goes on behind a failure
    conditions, failure, row = capsys.readouterr().out.splitlines()
    assert '70 x 90, batch 1' in conditions and failure.startswith('FAIL  broken') and 'FPM' in failure
    found = re.search(r'float32 p50 +([\d.]+) p95 +([\d.]+) ms, +([\d.]+) images/s .* alone, float32 ([\d.]+) ms', row)
    half, most, rate, alone = map(float, found.groups())
    assert row.startswith('tiny') and 0 < half <= most and 0 < alone
    assert 1000 / most - 0.1 <= rate
    assert fps.main([str(config), *small]) == 0
