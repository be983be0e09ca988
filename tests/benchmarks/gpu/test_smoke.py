"""One step of each config, on the device at hand."""
import re

import smoke


def test_a_row_for_every_config_and_a_status(config, broken, capsys):
    assert smoke.main([str(config), '--shape', '192', '256']) == 0
    row = capsys.readouterr().out
    found = re.fullmatch(r'ok    tiny +float32  loss +([\d.]+)  gradient +(\S+)  (\d+) boxes  [\d.]+ s\n', row)
    assert float(found[1]) > 0 and float(found[2]) > 0
    assert smoke.main([str(broken), str(config), '--shape', '192', '256']) == 1  # goes on behind a failure
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith('FAIL  broken') and 'FPM' in first and second.startswith('ok    tiny')
