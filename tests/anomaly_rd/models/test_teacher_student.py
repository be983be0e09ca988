import pytest
import torch
from torch import nn

from anomaly_rd.models.teacher_student import TeacherStudentModel
from anomaly_rd.models.teachers import ResNetTeacher
from mminspect.core.errors import UserError


class Model(TeacherStudentModel):
    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.student = nn.Linear(2, 2)

    def forward(self, *args, **kwargs) -> None:
        pass


@pytest.fixture
def weights(tmp_path) -> str:
    path = tmp_path / 'resnet18.pth'
    torch.save(ResNetTeacher().state_dict(), path)
    return str(path)


def test_pretrained_teacher_is_no_part_of_the_model(weights):
    model = Model(teacher=dict(type='ResNetTeacher', weights=weights))
    assert {name.split('.')[0] for name, _ in model.named_parameters()} == {'student'}
    assert {name.split('.')[0] for name in model.state_dict()} == {'student'}
    assert model.load_state_dict(model.state_dict()).missing_keys == []
    assert not model.train().teacher.training


@pytest.mark.parametrize('random', [True, False])
def test_saved_teacher_comes_back(random, weights):
    teacher = dict(type='ResNetTeacher', weights=None if random else weights)
    model, other = Model(teacher=teacher, save_teacher=not random), Model(teacher=dict(type='ResNetTeacher'))
    other.load_state_dict(model.state_dict())
    ours, theirs = model.teacher.state_dict(), other.teacher.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
    assert torch.equal(model.student.weight, other.student.weight)


def test_random_teacher_misses_its_weights(weights):
    """A model that was saved without its teacher must not silently go on with a drawn one."""
    saved = Model(teacher=dict(type='ResNetTeacher', weights=weights)).state_dict()
    result = Model(teacher=dict(type='ResNetTeacher')).load_state_dict(saved, strict=False)
    assert 'teacher.conv1.weight' in result.missing_keys


def test_teacher_of_another_shape_is_refused():
    saved = Model(teacher=dict(type='ResNetTeacher', depth=50)).state_dict()
    with pytest.raises(RuntimeError, match=r'(?s)teacher: .*size mismatch'):
        Model(teacher=dict(type='ResNetTeacher')).load_state_dict(saved)


def test_teacher_follows_the_model():
    model = Model(teacher=dict(type='ResNetTeacher')).double()
    assert model.teacher.conv1.weight.dtype == torch.float64


def test_a_teacher_that_is_not_saved_is_known_by_its_weights(weights, tmp_path):
    cfg = dict(type='ResNetTeacher', weights=weights)
    digest = Model(teacher=cfg).teacher_sha256()
    again = Model(teacher=dict(cfg)).to(memory_format=torch.channels_last)
    assert len(digest) == 64 and again.teacher_sha256() == digest
    torch.save(ResNetTeacher().state_dict(), tmp_path / 'other.pth')
    assert Model(teacher=dict(cfg, weights=str(tmp_path / 'other.pth'))).teacher_sha256() != digest
    assert Model(teacher=cfg, save_teacher=True).teacher_sha256() is None
    assert Model(teacher=dict(cfg, weights=None)).teacher_sha256() is None


@pytest.mark.parametrize(('least', 'most', 'fits'), [(3, 3, True), (1, 4, True), (4, 4, False), (1, 2, False)])
def test_number_of_levels(least, most, fits):
    model = Model(teacher=dict(type='ResNetTeacher'))
    if fits:
        return model.need_levels(least, most)
    with pytest.raises(UserError, match=r'Model needs a teacher with .* levels, and 3 has this ResNetTeacher'):
        model.need_levels(least, most)
