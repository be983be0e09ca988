"""A checkpoint that is opened once: what is in it, what it fits, and where a training goes on."""
import os
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mminspect.core.errors import UserError
from mminspect.decisions import Calibration, Threshold
from mminspect.models.checkpoint import (
    IN_CHECKPOINT,
    Checkpoint,
    checkpoint_to_resume,
    newest_checkpoint,
    weight_mismatch,
    without_teacher_files,
)

WEIGHTS = dict(w=torch.arange(600.0).reshape(20, 30), b=torch.tensor([1, 2, 3]))


def test_newest_checkpoint(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path) is None
    assert newest_checkpoint(tmp_path / 'missing') is None
    for age, name in enumerate(('epoch_2.pth', 'epoch_10.pth', 'epoch_9.pth', 'other.pth')):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age + 500 * (name == 'epoch_10.pth')))
    pointer = tmp_path / 'last_checkpoint'
    pointer.write_text(str(tmp_path / 'epoch_9.pth'))
    assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_9.pth'
    pointer.write_text('/moved/away/epoch_2.pth')
    assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_2.pth'
    for broken in ('', 'epoch_'):  # cut short in the middle of mmengine's write
        pointer.write_text(broken)
        assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_10.pth'


def test_mismatch_counts_and_names_the_first_of_each_kind() -> None:
    own = {name: torch.zeros(2) for name in 'dcba'}
    assert weight_mismatch(own, dict(reversed(own.items()))) == ''
    given = {'d': torch.zeros(3), 'c': torch.zeros(2, 1), 'y': torch.zeros(2), 'a': torch.ones(2)}
    assert weight_mismatch(own, given) == ('1 missing (first: b); 1 unexpected (first: y); '
                                           '2 of another shape (first: c)')
    assert weight_mismatch({}, own) == '4 unexpected (first: a)'


def test_where_a_training_goes_on(tmp_path: Path, messages: list[str]) -> None:
    assert checkpoint_to_resume(tmp_path) is None
    assert messages == [f'nothing to resume in {tmp_path}, training starts from the beginning']
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/epoch_9.pth')
    with pytest.raises(UserError, match=r'names epoch_9\.pth as its last checkpoint, which does not exist'):
        checkpoint_to_resume(tmp_path)
    (tmp_path / 'epoch_8.pth').touch()
    assert checkpoint_to_resume(tmp_path) == tmp_path / 'epoch_8.pth' and 'goes on from epoch_8.pth' in messages[1]
    (tmp_path / 'epoch_9.pth').touch()
    assert checkpoint_to_resume(tmp_path) == tmp_path / 'epoch_9.pth' and len(messages) == 2


def save(tmp_path: Path, **content: object) -> Checkpoint:
    torch.save(content, tmp_path / 'a.pth')
    return Checkpoint.open(tmp_path / 'a.pth')


def test_everything_that_a_file_says(tmp_path: Path) -> None:
    calibration = Calibration(Threshold(0.5, 'hold-out normal images', 7, 'largest score'))
    opened = save(tmp_path, state_dict={'module.w': torch.ones(2)}, threshold=calibration.state(), teacher_sha256='ab',
                  meta={}, message_hub={})
    assert opened.path == str(tmp_path / 'a.pth') and opened.weights.keys() == {'w'}
    assert opened.calibration == calibration and opened.teacher_sha256 == 'ab' and opened.is_training_state


def test_bare_weights_say_nothing(tmp_path: Path) -> None:
    opened = save(tmp_path, w=torch.ones(2))
    assert opened.weights.keys() == {'w'} and opened.content.keys() == {'state_dict'}
    assert opened.calibration is opened.teacher_sha256 is None and not opened.is_training_state
    with pytest.raises(UserError, match=r'a\.pth holds no config: name the config file .*--config'):
        opened.config()


@pytest.mark.parametrize(('name', 'holds'), [('teacher.a', True), ('module.teacher.a', True), ('student.a', False)])
def test_checkpoints_with_a_teacher(name: str, holds: bool, tmp_path: Path) -> None:
    assert save(tmp_path, state_dict={name: torch.zeros(1)}).holds_teacher == holds


def test_a_child_called_module_keeps_its_name(tmp_path: Path) -> None:
    saved = {'module.w': torch.ones(1), 'b': torch.ones(1)}
    assert save(tmp_path, state_dict=saved).weights.keys() == saved.keys()


def test_a_teacher_without_weights_of_its_own_stays_as_it_is() -> None:
    model = dict(type='M', teacher=dict(type='torch.nn.Linear', in_features=1, out_features=1))
    assert without_teacher_files(model) == model


def test_a_teacher_that_waits_for_a_checkpoint() -> None:
    model = Config(dict(model=dict(type='M', teacher=dict(type='T', weights='file.pth', depth=18)))).model
    changed = without_teacher_files(model)
    assert changed == dict(type='M', teacher=dict(type='T', weights=IN_CHECKPOINT, depth=18))
    assert model.teacher.weights == 'file.pth'  # the config itself stays as it was
    plain = dict(type='Detector', backbone=dict(type='B'))
    assert without_teacher_files(plain) == plain


def test_weights_go_into_a_model_or_it_is_said_which_do_not_fit(tmp_path: Path) -> None:
    opened, model = save(tmp_path, state_dict=dict(weight=torch.ones(2, 3), bias=torch.ones(2))), nn.Linear(3, 2)
    opened.load_into(model)
    assert torch.equal(model.weight, torch.ones(2, 3))
    with pytest.raises(UserError, match=r'2 of 2 weights are missing or of another shape \(first: bias\)'):
        opened.load_into(nn.Linear(3, 4))
    with pytest.raises(UserError, match=r'2 of 4 weights are missing or of another shape \(first: more\.bias\)'):
        grown = nn.Linear(3, 2)
        grown.more = nn.Linear(1, 1)
        opened.load_into(grown)
