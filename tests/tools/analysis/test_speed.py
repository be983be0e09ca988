"""tools/analysis/speed.py from the command line."""
import pytest
import torch

from helpers import ROOT


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_size(call, config):
    status, out, err = call('analysis/speed', config, '--shape', 64, 96, '--images', 2, '--warmup', 1,
                            '--threads', 1)
    assert status == 0, err
    assert '1 x 3 x 64 x 96' in out and '2, after 1' in out and '1 CPU threads' in out and 'weights      random' in out


def test_the_test_set_and_a_checkpoint(call, config, checkpoint):
    status, out, err = call('analysis/speed', config, checkpoint, '--dataset', '--images', 2, '--warmup', 0)
    assert status == 0, err
    assert '1 x 3 x 128 x 192' in out and str(checkpoint) in out


@pytest.mark.parametrize(('arguments', 'message'), [
    (('--images', 0), 'at least 1 image'),
    (('--threads', 0), '--threads must be at least 1'),
    (('--shape', 64, 96, '--dataset'), 'not allowed with'),
    (('none.pth', ), 'checkpoint none.pth does not exist'),
])
def test_mistakes(call, config, arguments, message):
    status, out, err = call('analysis/speed', config, *arguments)
    assert (status, out) == (2, '') and 'error: ' in err and message in err


def test_an_anomaly_model_has_no_boxes(call):
    path = ROOT / 'configs' / 'anomaly_rd' / 'demo' / 'rd4ad_r18_10e_textures.py'
    status, out, err = call('analysis/speed', path, '--shape', 64, 64, '--images', 1, '--warmup', 0)
    assert status == 0, err
    assert 'anomaly map, score' in out and 'boxes' not in out
