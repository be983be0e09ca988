"""tools/train.py and tools/test.py from the command line: what works, and every foreseeable mistake."""
import json
import os
import shutil
import subprocess
import sys
import time

import pytest
import torch
from mmengine.config import Config

from helpers import ROOT, build, detector_cfg, distilled_cfg, load_tool, runner_cfg, save_checkpoint, write_coco
from mminspect.core.locks import writing_alone
from survey_helpers import coco_set, detection_config, scene


@pytest.fixture
def run(tmp_path):
    """A config file of a tiny detector on six images, ready to be damaged; returns (config path, annotation path)."""
    annotations = write_coco(tmp_path / 'data')

    def make(model=None, **more):
        cfg = runner_cfg(tmp_path / 'run', annotations, model or detector_cfg(), **more)
        pipeline = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(96, 64), keep_ratio=True),
                    dict(type='LoadAnnotations', with_bbox=True),
                    dict(type='PackDetInputs', meta_keys=('img_id', 'ori_shape', 'img_shape', 'scale_factor'))]
        cfg.test_dataloader = dict(
            batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(type='CocoDataset', ann_file=str(annotations), metainfo=dict(classes=('a', 'b')),
                         data_prefix=dict(img=str(annotations.parent / 'images')), test_mode=True, pipeline=pipeline))
        cfg.test_cfg = dict(type='TestLoop')
        cfg.custom_imports = dict(imports=['fdrd'], allow_failed_imports=False)
        cfg.test_evaluator = dict(type='InspectionCocoMetric', ann_file=str(annotations))
        if 'teacher_config' not in cfg.model:
            cfg.train_dataloader.dataset.pipeline = pipeline
        cfg.dump(tmp_path / 'config.py')
        return tmp_path / 'config.py', annotations
    return make


def edit(annotations, change):
    content = json.loads(annotations.read_text())
    change(content)
    annotations.write_text(json.dumps(content))


def test_trains_tests_and_writes_metrics(run, tmp_path, call):
    config, _ = run()
    assert call('train', config)[0] == 0
    checkpoint = tmp_path / 'run' / 'epoch_2.pth'
    assert call('test', config, checkpoint)[0] == 0
    metrics = json.loads((tmp_path / 'run' / 'metrics.json').read_text())
    assert {'coco/bbox_mAP', 'coco/bbox_mAP_50', 'coco/bbox_AR@100'} <= set(metrics)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


DATA_MISTAKES = {
    'no annotation file': (lambda a: a.unlink(), 'train.json'),
    'empty annotation file': (lambda a: a.write_text(''), 'train.json'),
    'no image in the file': (lambda a: edit(a, lambda c: c.update(images=[], annotations=[])), 'train.json'),
    'truncated image': (lambda a: truncate(a.parent / 'images' / '3.png'), '3.png'),
    'missing image': (lambda a: (a.parent / 'images' / '2.png').unlink(), '2.png'),
    'no picture at all': (lambda a: (a.parent / 'images' / '2.png').write_text('hello'), '2.png'),
    'box outside': (lambda a: edit(a, lambda c: c['annotations'][1].update(bbox=[90, 10, 30, 10])), '2.png'),
    'only boxes of zero size': (lambda a: edit(a, lambda c: [one.update(bbox=[10, 10, 0, 10])
                                                             for one in c['annotations']]), 'gives no object to learn'),
    'other class names': (lambda a: edit(a, lambda c: c['categories'][0].update(name='aa')), "'aa'"),
}


@pytest.mark.parametrize('name', DATA_MISTAKES)
def test_wrong_data_ends_before_anything_is_written(name, run, tmp_path, call):
    damage, named = DATA_MISTAKES[name]
    config, annotations = run()
    damage(annotations)
    status, _, error = call('train', config)
    assert status == 2
    assert error.startswith('error: ') and error.count('\n') == 1 and named in error
    assert not (tmp_path / 'run').exists()


def test_unknown_component_names_the_nearest(run, call):
    model = detector_cfg()
    model['neck']['type'] = 'SemanticFPM'
    status, _, error = call('train', run(model)[0])
    assert status == 2 and error.count('\n') == 1 and 'SemanticFPM' in error and 'SemanticFPN' in error


CONFIG_MISTAKES = {
    'no model': (lambda cfg: cfg.pop('model'), 'has no model'),
    'a model that is no dict': (lambda cfg: cfg.update(model='GFL'), 'give a dict'),
    'no preprocessor': (lambda cfg: cfg['model'].pop('data_preprocessor'), 'has no model.data_preprocessor'),
    'a number as preprocessor': (lambda cfg: cfg['model'].update(data_preprocessor=3), 'data_preprocessor should'),
    'an argument that is missing': (lambda cfg: cfg['model']['neck'].pop('in_channels'), "'in_channels'"),
    'a rate that is a word': (lambda cfg: cfg['optim_wrapper']['optimizer'].update(lr='x'), 'optim_wrapper.optimizer'),
    'no optimiser': (lambda cfg: cfg['optim_wrapper'].pop('optimizer'), 'optim_wrapper'),
    'an optimiser that is none': (lambda cfg: cfg['optim_wrapper'].update(optimizer=3), 'optim_wrapper'),
    'an unknown optimiser': (lambda cfg: cfg['optim_wrapper']['optimizer'].update(type='Sgdd'), 'Sgdd'),
    'a batch that is a word': (lambda cfg: cfg['train_dataloader'].update(batch_size='x'), "batch_size='x'"),
    'no data': (lambda cfg: cfg.update(train_dataloader=None), 'has no train_dataloader'),
    'a loop that is a number': (lambda cfg: cfg.update(train_cfg=3), 'train_cfg'),
    'no loop': (lambda cfg: cfg.update(train_cfg=None), 'train_cfg'),
    'a hook that is a number': (lambda cfg: cfg.update(custom_hooks=[3]), 'custom_hooks.0'),
    'a schedule that is a number': (lambda cfg: cfg.update(param_scheduler=[3]), 'param_scheduler'),
    'a type that is a number': (lambda cfg: cfg['model'].update(type=3), 'type'),
    'no sampler': (lambda cfg: cfg['train_dataloader'].update(sampler=3), 'sampler'),
}


@pytest.mark.parametrize('name', CONFIG_MISTAKES)
def test_a_config_that_cannot_be_is_one_sentence(name, run, call):
    damage, words = CONFIG_MISTAKES[name]
    file, _ = run()
    cfg = Config.fromfile(file).to_dict()
    damage(cfg)
    Config(cfg).dump(file)
    status, _, error = call('train', file)
    assert status == 2 and error.startswith('error: ') and error.count('\n') == 1 and words in error


def test_missing_config(call):
    status, _, error = call('train', 'configs/none.py')
    assert status == 2 and 'configs/none.py does not exist' in error


def test_missing_teacher_checkpoint(run, call):
    config, _ = run(distilled_cfg(ckpt='none.pth'))
    status, _, error = call('train', config)
    assert status == 2 and error.count('\n') == 1 and 'teacher_ckpt' in error and 'none.pth' in error


def test_teacher_checkpoint_of_another_network(run, tmp_path, call):
    other = save_checkpoint(build(detector_cfg(classes=3)), tmp_path / 'other.pth')
    status, _, error = call('train', run(distilled_cfg(ckpt=other))[0])
    assert status == 2 and 'does not belong to teacher_config' in error


def test_work_dir_that_cannot_be_made(run, tmp_path, call):
    (tmp_path / 'file').write_text('')
    status, _, error = call('train', run()[0], '--work-dir', tmp_path / 'file' / 'run')
    assert status == 2 and 'cannot be written' in error and '--work-dir' in error


def test_full_disk(run, tmp_path, call, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage._replace(free=5 << 20))
    status, _, error = call('train', run()[0])
    assert status == 2 and 'only 5 MiB are free' in error


def test_interrupted_training_leaves_whole_files_and_resumes(run, tmp_path, call, monkeypatch):
    from mmengine.runner import EpochBasedTrainLoop
    run_iter = EpochBasedTrainLoop.run_iter

    def interrupt(self, index, data):
        if self.epoch == 1:
            raise KeyboardInterrupt
        run_iter(self, index, data)
    config, _ = run()
    with monkeypatch.context() as patch:
        patch.setattr(EpochBasedTrainLoop, 'run_iter', interrupt)
        status, _, error = call('train', config)
    assert status == 130 and '--resume' in error
    work_dir = tmp_path / 'run'
    assert (work_dir / 'last_checkpoint').read_text().endswith('epoch_1.pth')
    assert call('train', config, '--resume')[0] == 0
    assert torch.load(work_dir / 'epoch_2.pth', weights_only=False)['meta']['epoch'] == 2


@pytest.mark.parametrize('content, said', [(b'no weights', 'not a checkpoint'), (None, 'does not exist')])
def test_wrong_checkpoint(content, said, run, tmp_path, call):
    path = tmp_path / 'weights.pth'
    if content:
        path.write_bytes(content)
    status, _, error = call('test', run()[0], path)
    assert status == 2 and said in error and 'weights.pth' in error


def test_checkpoint_of_another_network(run, tmp_path, call):
    other = save_checkpoint(build(detector_cfg(width=64)), tmp_path / 'other.pth')
    status, _, error = call('test', run()[0], other)
    assert status == 2 and 'is not one of this config' in error


@pytest.mark.parametrize('option, said', [
    ('train_cgf.max_epochs=1', 'train_cfg'),
    ('foo', 'KEY=VALUE'),
    ('optim_wrapper.optimizer.lr=fast', "optim_wrapper.optimizer.lr is the number"),
    ('train_dataloader.batch_size=0', 'has batch_size=0'),
])
def test_mistyped_options(option, said, run, tmp_path, call):
    status, _, error = call('train', run()[0], '--cfg-options', option)
    assert status == 2 and said in error and not (tmp_path / 'run').exists()


def test_class_count_that_differs_from_the_data(run, tmp_path, call):
    status, _, error = call('train', run(detector_cfg(classes=1))[0])
    assert status == 2 and 'num_classes=1' in error and '2 classes (a, b)' in error
    assert not (tmp_path / 'run').exists()


def test_resuming_from_another_network(run, tmp_path, call):
    other = save_checkpoint(build(detector_cfg(width=64)), tmp_path / 'other.pth')
    status, _, error = call('train', run()[0], '--resume', other)
    assert status == 2 and 'holds weights alone, not the state of a training' in error
    torch.save(dict(torch.load(other), meta={}, message_hub={}), other)
    status, _, error = call('train', run()[0], '--resume', other)
    assert status == 2 and 'is not one of this config' in error


def test_starting_from_an_unrelated_checkpoint(run, tmp_path, call):
    torch.save(dict(state_dict={'encoder.weight': torch.zeros(3)}), tmp_path / 'other.pth')
    status, _, error = call('train', run(load_from=str(tmp_path / 'other.pth'))[0])
    assert status == 2 and 'has no weight in common with this model (it begins with encoder.weight)' in error


def test_launcher_without_torchrun(run, call, monkeypatch):
    monkeypatch.delenv('RANK', raising=False)
    status, _, error = call('train', run()[0], '--launcher', 'pytorch')
    assert status == 2 and 'tools/dist_train.sh' in error


def test_weights_that_cannot_be_fetched(run, call, monkeypatch):
    from urllib.error import URLError

    def offline(*args, **kwargs):
        raise URLError('Name or service not known')
    monkeypatch.setattr('mmengine.runner.checkpoint.load_url', offline)
    model = detector_cfg()
    model['backbone']['init_cfg'] = dict(type='Pretrained', checkpoint='torchvision://resnet18')
    status, _, error = call('train', run(model)[0])
    assert status == 2 and 'network does not answer' in error and 'init_cfg=None' in error


def test_metrics_go_beside_the_checkpoint(run, tmp_path, call):
    config, _ = run()
    folder = tmp_path / 'elsewhere'
    folder.mkdir()
    checkpoint = save_checkpoint(build(detector_cfg()), folder / 'epoch_7.pth')
    assert call('test', config, checkpoint)[0] == 0
    assert json.loads((folder / 'metrics.json').read_text())['checkpoint'] == 'epoch_7.pth'
    assert not (tmp_path / 'run').exists()


def test_two_processes_without_a_gpu(run, tmp_path):
    """The script itself: both processes train, one checkpoint is written."""
    config, _ = run()
    done = subprocess.run(
        [ROOT / 'tools' / 'dist_train.sh', config, '2'], capture_output=True, text=True, timeout=240,
        env={**os.environ, 'PYTHON': sys.executable, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''})
    assert done.returncode == 0, done.stderr[-2000:]
    meta = torch.load(tmp_path / 'run' / 'epoch_2.pth', weights_only=False)['meta']
    assert meta['epoch'] == 2 and meta['iter'] == 2  # six images, batch 3, two processes: one iteration an epoch


def test_one_training_writes_into_a_folder_at_a_time(run, tmp_path, call):
    config, _ = run()
    with writing_alone(tmp_path / 'run', 'training', 'x'):
        for option in ((), ('--resume', )):
            status, _, error = call('train', config, *option)
            assert status == 2 and error.count('\n') == 1 and 'another training writes into' in error
        assert [path.name for path in (tmp_path / 'run').iterdir()] == ['.training.lock']
    assert call('train', config)[0] == 0 and not (tmp_path / 'run' / '.training.lock').exists()


def test_sigterm_is_ctrl_c_also_with_processes_that_read(run, tmp_path):
    """And the training goes on from its last checkpoint."""
    config, _ = run()
    cfg = Config.fromfile(config)
    cfg.train_cfg.max_epochs, cfg.train_dataloader.num_workers = 10_000, 1
    cfg.train_dataloader.persistent_workers = False
    cfg.dump(config)
    words = [sys.executable, '-W', 'ignore', str(ROOT / 'tools' / 'train.py'), str(config)]
    with subprocess.Popen(words, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        end = time.monotonic() + 120
        while not (tmp_path / 'run' / 'epoch_2.pth').exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 143 and 'Traceback' not in said, said
    assert said.splitlines()[-1] == 'error: interrupted: what is on disk is whole; the same command with --resume ' \
                                    'goes on where it stopped'
    assert not (tmp_path / 'run' / '.training.lock').exists()


def test_annotations_are_read_once_by_the_checks_and_once_for_the_first_image(tmp_path, call, messages, monkeypatch):
    for name, first in (('train', 0), ('val', 10)):
        coco_set(tmp_path, name, {f'{number}.png': scene(number, 96) for number in range(first, first + 2)},
                 {f'{first}.png': [[1, 1, 20, 20]]})
    tool, built, opened = load_tool('train'), [], []
    monkeypatch.setattr(tool, 'train', built.append)
    sys.addaudithook(lambda event, given: event == 'open' and not built and opened.append(str(given[0])))
    status, *_ = call(tool, detection_config(tmp_path, tmp_path / 'config.py'), '--work-dir', tmp_path / 'run')
    assert status == 0 and len(built) == 1
    assert any('val = test: 2 images (1 without objects), 1 boxes (hair 1)' in message for message in messages)
    assert [opened.count(str(tmp_path / f'{name}.json')) for name in ('train', 'val')] == [2, 2]
