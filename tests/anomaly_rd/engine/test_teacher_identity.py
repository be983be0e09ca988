from types import SimpleNamespace

from torch import nn

from anomaly_rd.engine import TeacherIdentityHook
from mminspect.models.anomaly_model import AnomalyModel
from mminspect.models.checkpoint import TEACHER_KEY


class Model(AnomalyModel):
    def __init__(self, digest):
        super().__init__()
        self.digest = digest

    def teacher_sha256(self):
        return self.digest


def saved(model):
    checkpoint = {}
    TeacherIdentityHook().before_save_checkpoint(SimpleNamespace(model=model), checkpoint)
    return checkpoint


def test_the_checkpoint_knows_its_teacher():
    assert saved(Model('ab' * 32)) == {TEACHER_KEY: 'ab' * 32}


def test_teachers_inside_of_checkpoints_and_models_without_one_need_no_name():
    assert saved(Model(None)) == saved(nn.Linear(1, 1)) == {}
