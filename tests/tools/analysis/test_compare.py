"""tools/analysis/compare.py from the command line; training itself is replaced."""
import json

import pytest

from helpers import ROOT, load_tool


@pytest.fixture
def configs(config, tmp_path):
    """Two names for the tiny detector; the first stands beside a row of the paper and was tested."""
    text = config.read_text()
    (tmp_path / 'first.py').write_text(f"{text}\npublished = 'table3/gfl'\n")
    (tmp_path / 'second.py').write_text(text)
    (tmp_path / 'runs' / 'first').mkdir(parents=True)
    (tmp_path / 'runs' / 'first' / 'metrics.json').write_text(
        json.dumps({'coco/bbox_mAP_50': 0.4567, 'coco/bbox_mAP': 0.2, 'coco/bbox_mAP_s': -1.0}))
    return [tmp_path / 'first.py', tmp_path / 'second.py', '--work-root', tmp_path / 'runs', '--shape', 128, 192,
            '--images', 0]


def lines(out):
    return {line.split('  ')[0]: line.split()[-8:] for line in out.splitlines() if line[:1] not in ('', ' ', '-')}


def test_collects_what_is_there(call, configs, tmp_path):
    status, out, err = call('analysis/compare', *configs, '--published', 'table2:ld', '--out',
                            tmp_path / 'o' / 'c.json', '--markdown', tmp_path / 'o' / 'c.md')
    assert status == 0, err
    found = lines(out)
    assert found['first'][:5] == ['45.7', '20.0', 'n/a', 'n/a', 'n/a'] and found['first'][7] == 'n/a'
    assert found['second'][:5] == ['n/a'] * 5 and found['second'][5:] == found['first'][5:]
    assert found['paper: table3/gfl'] == ['51.0', '19.8', '18.9', '27.4', '26.7', '204.5', '32.0', '48.0']
    assert found['paper: table2/ld'] == ['42.4', '15.5', '14.4', '23.8', '23.1', 'n/a', 'n/a', 'n/a']
    assert {'paper: table3/acma', 'paper: table3/sqr'} <= found.keys()
    rows = json.loads((tmp_path / 'o' / 'c.json').read_text())['rows']
    assert rows[0]['values']['AP50'] == pytest.approx(45.67) and rows[0]['values']['APsmall'] is None
    assert '| first | 45.7 | 20.0 | n/a |' in (tmp_path / 'o' / 'c.md').read_text()


def test_runs_what_is_missing(call, configs, tmp_path, monkeypatch):
    tool, done = load_tool('analysis/compare'), []

    def run(job, echo):
        done.append((job.config, job.work_dir, job.metrics is None))
        job.work_dir.mkdir(exist_ok=True)
        (job.work_dir / 'metrics.json').write_text('{"coco/bbox_mAP_50": 0.125}')

    monkeypatch.setattr(tool, 'run', run)
    status, out, err = call(tool, *configs, '--run')
    assert status == 0, err
    assert [(work_dir.name, missing) for _, work_dir, missing in done] == [('first', False), ('second', True)]
    assert lines(out)['second'][0] == '12.5'
    assert f'{configs[0]}: finished' in out and f'{configs[1]}: training and testing' in out


def test_a_config_that_names_several_rows(call, configs, tmp_path):
    with (tmp_path / 'second.py').open('a') as file:
        file.write("\npublished = ['table2/ckd', 'table1/none']\n")
    status, out, err = call('analysis/compare', *configs)
    assert status == 0, err
    named = [line for line in lines(out) if line.startswith('paper: table')]
    assert named[:3] == ['paper: table3/gfl', 'paper: table2/ckd', 'paper: table1/none']
    with (tmp_path / 'second.py').open('a') as file:
        file.write('\npublished = 3\n')
    assert call('analysis/compare', *configs)[2].startswith('error: published = 3 names no rows')


@pytest.mark.parametrize(('arguments', 'message'), [
    (('--published', 'table3:atts'), "no published row 'table3:atts'"),
    (('--shape', 1, 1), 'at least 32 pixels'),
])
def test_mistakes(call, configs, arguments, message):
    status, out, err = call('analysis/compare', *configs, *arguments)
    assert (status, out) == (2, '') and err.startswith('error: ') and message in err


def test_a_mistake_ends_the_command_before_anything_is_trained(call, configs, tmp_path, monkeypatch):
    tool = load_tool('analysis/compare')
    monkeypatch.setattr(tool, 'run', lambda *args, **kwargs: pytest.fail('trained'))
    with (tmp_path / 'second.py').open('a') as file:
        file.write("\npublished = 'table3/nobody'\n")
    status, _, err = call(tool, *configs, '--run')
    assert status == 2 and "no published row 'table3/nobody'" in err
    assert call(tool, tmp_path / 'none.py', '--run')[0] == 2
    (tmp_path / 'runs' / 'first' / 'metrics.json').write_text('half a fi')
    status, _, err = call(tool, tmp_path / 'first.py', '--work-root', tmp_path / 'runs', '--run')
    assert status == 2 and 'metrics.json is no file of results' in err


def test_anomaly_models_have_another_table(call):
    status, _, err = call('analysis/compare', ROOT / 'configs' / 'anomaly_rd' / 'demo' / 'rd4ad_r18_10e_textures.py')
    assert status == 2 and 'no detector' in err and 'mminspect sweep' in err
