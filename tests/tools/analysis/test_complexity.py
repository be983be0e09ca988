"""tools/analysis/complexity.py from the command line."""
import re
import warnings

from anomaly_rd.models.teachers import ResNetTeacher
from helpers import ROOT, build, detector_cfg


def test_prints_parameters_and_flops(call, config):
    status, out, err = call('analysis/complexity', config, '--shape', 128, 192)
    assert (status, err) == (0, '')
    params = sum(p.numel() for p in build(detector_cfg()).parameters())
    assert f'{params:,} in all' in out and '1 x 3 x 128 x 192' in out and ' G, one multiply-add' in out


def test_options_of_the_config(call, config):
    outputs = [call('analysis/complexity', config, '--shape', 128, 192, '--cfg-options',
                    f'model.bbox_head.num_classes={n}')[1] for n in (2, 3)]
    per_class = 9 * 32 + 1
    count = [int(out.split(' in all')[0].split()[-1].replace(',', '')) for out in outputs]
    assert count[1] - count[0] == per_class


def test_mistakes(call, config):
    status, out, err = call('analysis/complexity', 'none.py')
    assert (status, out, err) == (2, '', 'error: config none.py does not exist: check the path\n')
    status, _, err = call('analysis/complexity', config, '--shape', 8, 192)
    assert status == 2 and err.startswith('error: the input must have at least 32 pixels')
    status, _, err = call('analysis/complexity', config, '--cfg-options', 'model.neck.type=FPM')
    assert status == 2 and err.startswith('error: ') and 'FPM' in err


def test_an_anomaly_model_counts_with_its_teacher(call, tmp_path):
    path = ROOT / 'configs' / 'anomaly_rd' / 'rd4ad' / 'rd4ad_r18_20e_mvtec.py'
    with warnings.catch_warnings(record=True) as said:
        status, out, err = call('analysis/complexity', path, '--shape', 64, 64)
    assert (status, err) == (0, '') and not [w for w in said if 'meta' in str(w.message)]
    trainable, whole = (int(word.replace(',', '')) for word in re.findall(r'([\d,]+) (?:trainable|in all)', out))
    assert whole - trainable == sum(p.numel() for p in ResNetTeacher().parameters())
