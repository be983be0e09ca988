from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch import nn

from helpers import build, detector_cfg, distilled_cfg, save_checkpoint
from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.models.anomaly_model import AnomalyModel
from mminspect.models.checkpoint import Checkpoint


@pytest.mark.parametrize(('more', 'announced'), [
    ({}, True), (dict(load_from='a.pth'), False), (dict(resume=True), False), (dict(model=distilled_cfg()), True),
    (dict(model=dict(detector_cfg(), init_cfg=dict(type='Pretrained', checkpoint='a.pth'))), False),
    (dict(model=dict(detector_cfg(), backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='a.pth')))), False),
    (dict(model=dict(type='Other')), False),  # no backbone: its parts speak for themselves
])
def test_random_weights_are_announced(more: dict, announced: bool, messages: list[str]) -> None:
    runtime.announce_initial_weights(Config({**dict(model=detector_cfg()), **more}))
    assert any('RANDOM weights' in text for text in messages) == announced


def test_checkpoint_must_hold_every_weight_of_the_model(tmp_path: Path) -> None:
    model = build(detector_cfg())
    file = Checkpoint.open(save_checkpoint(model, tmp_path / 'a.pth'))
    runtime.check_checkpoint(model, file)
    runtime.check_checkpoint(build(distilled_cfg()), file)  # a student is a plain detector
    runtime.check_checkpoint(nn.DataParallel(model), file)  # as under a launcher
    wrapped = save_checkpoint(nn.DataParallel(model), tmp_path / 'wrapped.pth')
    runtime.check_checkpoint(model, Checkpoint.open(wrapped))  # mmengine drops the prefix `module.`
    torch.save(model.state_dict(), tmp_path / 'bare.pth')
    runtime.check_checkpoint(model, Checkpoint.open(tmp_path / 'bare.pth'))
    with pytest.raises(UserError, match=r'5 of \d+ weights are missing or of another shape \(first: bbox_head.gfl_cls'):
        runtime.check_checkpoint(build(dict(detector_cfg(classes=3), bbox_head=dict(
            detector_cfg(classes=3)['bbox_head'], reg_max=8))), file)
    with pytest.raises(UserError, match=r'6 of \d+ weights are missing'):
        runtime.check_checkpoint(build(detector_cfg('ATSS')), file)
    with pytest.raises(UserError, match='does not exist'):
        runtime.check_checkpoint(model, Checkpoint.open(tmp_path / 'gone.pth'))


def test_initial_weights_must_have_something_in_common(tmp_path: Path) -> None:
    model = build(detector_cfg())
    other = save_checkpoint(build(detector_cfg(classes=3)), tmp_path / 'a.pth')
    runtime.check_initial_weights(model, Checkpoint.open(other))
    for weights in ({}, {'x': torch.zeros(1)}, {next(iter(model.state_dict())): torch.zeros(1)}):
        torch.save(weights, tmp_path / 'b.pth')
        with pytest.raises(UserError, match='has no weight in common'):
            runtime.check_initial_weights(model, Checkpoint.open(tmp_path / 'b.pth'))


class Pupil(AnomalyModel):
    """Needs a teacher that is in no checkpoint."""

    def __init__(self, digest: str | None) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.digest = digest

    def teacher_sha256(self) -> str | None:
        return self.digest


def test_a_checkpoint_belongs_to_one_teacher(tmp_path: Path) -> None:
    ours, theirs = 'a1' * 32, 'b2' * 32
    for stored in (ours, None):  # None: written by an earlier version
        torch.save(dict(state_dict=Pupil(ours).state_dict(), teacher_sha256=stored), tmp_path / 'a.pth')
        for digest in (ours, None):
            runtime.check_checkpoint(Pupil(digest), Checkpoint.open(tmp_path / 'a.pth'))
    runtime.check_checkpoint(Pupil(theirs), Checkpoint.open(tmp_path / 'a.pth'))
    torch.save(dict(state_dict=Pupil(ours).state_dict(), teacher_sha256=ours), tmp_path / 'a.pth')
    with pytest.raises(UserError, match=r'other weights \(SHA-256 a1a1a1a1\.\.\.\) .* names \(b2b2b2b2\.\.\.\)'):
        runtime.check_checkpoint(Pupil(theirs), Checkpoint.open(tmp_path / 'a.pth'))


def test_weights_alone_are_no_training_to_resume(tmp_path: Path) -> None:
    model = nn.Linear(2, 2)
    torch.save(model.state_dict(), tmp_path / 'a.pth')
    runtime.check_checkpoint(model, Checkpoint.open(tmp_path / 'a.pth'))
    with pytest.raises(UserError, match='holds weights alone, not the state of a training'):
        runtime.check_checkpoint(model, Checkpoint.open(tmp_path / 'a.pth'), resume=True)
    torch.save(dict(state_dict=model.state_dict(), meta={}, message_hub={}), tmp_path / 'a.pth')
    runtime.check_checkpoint(model, Checkpoint.open(tmp_path / 'a.pth'), resume=True)
