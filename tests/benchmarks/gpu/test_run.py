"""prepare.sh and run.sh: pack, unpack and run at toy size."""
import os
import subprocess
import sys

import pytest

from helpers import ROOT, detector_cfg, runner_cfg, write_coco

SCRIPTS = ROOT / 'benchmarks' / 'gpu'


def run(script: str, *arguments: str, **variables: object) -> subprocess.CompletedProcess:
    environment = {**os.environ, 'PYTHON': sys.executable, **{name: str(value) for name, value in variables.items()}}
    return subprocess.run(['bash', str(SCRIPTS / script), *arguments], env=environment, capture_output=True, text=True)


@pytest.fixture
def packed(tmp_path):
    """Folder with one library and the data set ``toy``."""
    write_coco(tmp_path / 'data' / 'toy')
    (tmp_path / 'weights').mkdir()
    (tmp_path / 'weights' / 'resnet18_part.pth').write_bytes(b'weights')
    done = run('prepare.sh', 'toy', PACK=tmp_path / 'pack', LIBRARIES='addict', WHEELS='',
               MMINSPECT_DATA=tmp_path / 'data', MMINSPECT_WEIGHTS=tmp_path / 'weights')
    assert done.returncode == 0, done.stderr
    return tmp_path / 'pack'


def training(path, packed):
    """Config file of a training on the packed set, wherever that is unpacked."""
    cfg = runner_cfg(path.parent / 'unused', packed.parent / 'data' / 'toy' / 'train.json', detector_cfg(), epochs=1)
    cfg.custom_imports = dict(imports=['fdrd'], allow_failed_imports=False)
    cfg.train_dataloader.dataset.pipeline = [dict(type='LoadImageFromFile'),
                                             dict(type='LoadAnnotations', with_bbox=True), dict(type='PackDetInputs')]
    cfg.custom_hooks = [dict(type='mmengine.EpochSeedHook')]
    cfg.log_level = 'INFO'
    path.write_text(cfg.pretty_text.replace(str(packed.parent / 'data'), '{{$MMINSPECT_DATA:data}}'))
    return path


def test_everything_once(packed, config, tmp_path):
    assert {path.name for path in packed.iterdir()} == {'site.tgz', 'toy.tar', 'weights'}
    assert (packed / 'weights' / 'resnet18_part.pth').read_bytes() == b'weights'
    out, work = tmp_path / 'out', tmp_path / 'work'
    done = run('run.sh', PACK=packed, OUT=out, WORK=work, FPS=f'{config} --shape 64 64 --images 2 --warmup 0',
               SMOKE=f'{config} --shape 192 256', TRAIN=training(tmp_path / 'toy_training.py', packed), SEEDS='3')
    assert done.returncode == 0, done.stdout + done.stderr
    assert (work / 'site' / 'addict' / '__init__.py').is_file() and (work / 'data' / 'toy' / 'train.json').is_file()
    assert 'images/s' in (out / 'fps.txt').read_text() and (out / 'smoke.txt').read_text().startswith('ok    tiny')
    assert (work / 'runs' / 'toy_training_seed3' / 'epoch_1.pth').is_file()
    assert 'toy_training_seed3: status 0' in done.stdout
    assert 'Epoch(train)' in (out / 'toy_training_seed3.log').read_text()


def test_a_failure_gives_a_status_and_parts_can_be_left_out(packed, broken, tmp_path):
    done = run('run.sh', PACK=packed, OUT=tmp_path / 'out', WORK=tmp_path / 'work', FPS='', SMOKE=broken, TRAIN='')
    assert done.returncode == 1 and 'FAIL  broken' in done.stdout
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {'smoke.txt'}
