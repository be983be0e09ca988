"""A run that is resumed is the run that was never interrupted."""
import uuid
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from helpers import KD, build, detector_cfg, distilled_cfg, runner_cfg, save_checkpoint, write_coco
from mminspect.core.errors import UserError

HOOKS = [dict(type='mmengine.EpochSeedHook'), dict(type='mmengine.DistillationStateHook')]


class Losses(Hook):
    """Keeps every loss, and stops in front of epoch ``stop``."""

    def __init__(self, stop: int | None = None) -> None:
        self.stop = stop
        self.values: dict[int, dict[str, float]] = {}

    def before_train_epoch(self, runner: Runner) -> None:
        if runner.epoch == self.stop:
            raise KeyboardInterrupt

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        self.values[runner.iter] = {k: v.item() for k, v in outputs.items()}


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('runs')
    write_coco(path / 'data')
    save_checkpoint(build(detector_cfg(width=64), 7), path / 'teacher.pth')
    save_checkpoint(build(detector_cfg(width=64), 8), path / 'other.pth')
    return path


def start(folder: Path, name: str, stop: int | None = None, workers: int = 0, teacher: str = 'teacher.pth',
          **more) -> tuple[Runner, Losses]:
    """Train two epochs of two iterations; the teacher is wider, so that adapters learn as well."""
    model = distilled_cfg(teacher=dict(model=detector_cfg(width=64)), ckpt=folder / teacher,
                          distillers=[KD['GFL'], dict(type='LocalizationKD')])
    cfg = runner_cfg(folder / name, folder / 'data' / 'train.json', model, epochs=2, workers=workers, **more)
    cfg.experiment_name = uuid.uuid4().hex
    runner, losses = Runner.from_cfg(cfg), Losses(stop)
    runner.register_hook(losses)
    try:
        runner.train()
    except KeyboardInterrupt:
        assert stop is not None
    return runner, losses


@pytest.fixture(scope='module')
def interrupted(folder: Path) -> dict[str, float]:
    """Losses of the first epoch of a run that stopped there; its checkpoint is what the tests resume from."""
    return start(folder, 'stopped', stop=1)[1].values


@pytest.mark.parametrize('workers', [0, 1])
def test_resumed_run_equals_the_uninterrupted_one_to_the_last_digit(folder: Path, workers: int) -> None:
    whole, expected = start(folder, f'whole{workers}', workers=workers)
    _, first = start(folder, f'parts{workers}', stop=1, workers=workers)
    rest, second = start(folder, f'parts{workers}', workers=workers, resume=True)
    assert sorted(first.values) == [0, 1] and sorted(second.values) == [2, 3]
    assert first.values | second.values == expected.values
    assert {'loss_cls_kd', 'loss_reg_kd', 'loss_ld', 'loss_cls', 'loss_bbox'} <= expected.values[0].keys()
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, rest.model.state_dict()[name]), name
    adapters = rest.model.distillation_parameters()
    assert len(adapters) == 4
    assert all(torch.equal(v, adapters[k]) for k, v in whole.model.distillation_parameters().items())
    assert len({tuple(v.items()) for v in expected.values.values()}) == 4


def test_checkpoint_holds_student_fingerprint_and_adapters(folder: Path, interrupted: dict) -> None:
    checkpoint = torch.load(folder / 'stopped' / 'epoch_1.pth', weights_only=False)
    from mminspect.models.digests import sha256
    assert checkpoint['distillation']['teacher_sha256'] == sha256(folder / 'teacher.pth')
    assert len(checkpoint['distillation']['parameters']) == 4
    build(detector_cfg()).load_state_dict(checkpoint['state_dict'], strict=True)


def resume(folder: Path, tmp_path: Path, **more) -> tuple[Runner, Losses]:
    return start(folder, str(tmp_path), load_from=str(folder / 'stopped' / 'epoch_1.pth'), resume=True, **more)


def test_another_teacher_ends_the_resumed_run(folder: Path, interrupted: dict, tmp_path: Path) -> None:
    with pytest.raises(UserError, match='the teacher is not the one this run began with'):
        resume(folder, tmp_path, teacher='other.pth')


def test_teacher_of_other_class_names_ends_the_run_before_it_starts(folder: Path, tmp_path: Path) -> None:
    weights = torch.load(folder / 'teacher.pth', weights_only=True)
    for classes in (('a', 'b'), ('b', 'a')):  # what the data has, and its reverse
        torch.save(dict(weights, meta=dict(dataset_meta=dict(classes=classes))), folder / f'{"".join(classes)}.pth')
    start(folder, str(tmp_path / 'ab'), teacher='ab.pth', stop=0)
    with pytest.raises(UserError, match='trained on the classes b, a, the student is on a, b'):
        start(folder, str(tmp_path / 'ba'), teacher='ba.pth')
    assert not list((tmp_path / 'ba').rglob('*.pth'))


def test_without_the_hook_adapters_start_anew(folder: Path, interrupted: dict, tmp_path: Path) -> None:
    _, kept = resume(folder, tmp_path / 'with')
    _, lost = resume(folder, tmp_path / 'without', custom_hooks=HOOKS[:1])
    assert kept.values.keys() == lost.values.keys() == {2, 3}
    assert kept.values[2]['loss_cls'] == lost.values[2]['loss_cls']  # the same student on the same images
    assert kept.values[2]['loss_cls_kd'] != lost.values[2]['loss_cls_kd']


def test_starting_from_the_weights_is_not_resuming(folder: Path, interrupted: dict, tmp_path: Path) -> None:
    _, losses = start(folder, str(tmp_path), load_from=str(folder / 'stopped' / 'epoch_1.pth'), teacher='other.pth',
                      stop=1)
    assert sorted(losses.values) == [0, 1]


def test_other_adapters_than_the_checkpoint_s_are_announced(folder: Path, interrupted: dict, messages: list) -> None:
    from fdrd.hooks import DistillationStateHook
    checkpoint = torch.load(folder / 'stopped' / 'epoch_1.pth', weights_only=False)
    checkpoint['distillation']['parameters'] = {'0.adapters.7.weight': torch.zeros(1)}
    student = build(distilled_cfg(teacher=dict(model=detector_cfg(width=64))))
    student.teacher_slot.fingerprint = checkpoint['distillation']['teacher_sha256']
    before = {k: v.clone() for k, v in student.distillation_parameters().items()}

    class Stub:
        model, _resume = student, True

    DistillationStateHook().after_load_checkpoint(Stub, checkpoint)
    assert any('other distillation adapters' in text for text in messages)
    assert all(torch.equal(v, before[k]) for k, v in student.distillation_parameters().items())


def test_plain_detectors_are_left_alone() -> None:
    from fdrd.hooks import DistillationStateHook

    class Stub:
        model, _resume = torch.nn.Linear(1, 1), True

    checkpoint: dict = {}
    DistillationStateHook().before_save_checkpoint(Stub, checkpoint)
    DistillationStateHook().after_load_checkpoint(Stub, checkpoint)
    assert checkpoint == {}
