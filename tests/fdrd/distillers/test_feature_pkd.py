from types import SimpleNamespace

import numpy as np
import pytest

from fdrd.distillers import FeaturePKD
from fdrd.tracing import DenseTargets, Trace
from helpers import features
from mminspect.core.errors import UserError


def trace(seed: int) -> Trace:
    return Trace(head=None, neck=features(seed, width=4), held={}, outputs=())


@pytest.mark.parametrize(('levels', 'expected'), [(None, 5), (4, 4), (1, 1)])
def test_one_loss_for_each_of_the_finest_levels(levels: int | None, expected: int) -> None:
    student, teacher = trace(0), trace(1)
    losses = FeaturePKD(dict(type='PKDLoss', loss_weight=6.0), levels)(student, teacher, DenseTargets())
    assert losses.keys() == {'loss_feat_kd'} and len(losses['loss_feat_kd']) == expected
    for loss, a, b in zip(losses['loss_feat_kd'], student.neck, teacher.neck, strict=False):
        a, b = (x.transpose(0, 1).flatten(1).double().numpy() for x in (a, b))
        n = a.shape[1]
        mean_r = np.mean([np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)])
        assert loss.item() == pytest.approx(6 * (n - 1) / n * (1 - mean_r), rel=1e-3, abs=1e-4)


def test_default_is_pkd_with_the_weight_of_one_stage_detectors() -> None:
    assert FeaturePKD().loss.loss_weight == 10.0


def test_different_widths_are_refused() -> None:
    narrow, wide = (SimpleNamespace(bbox_head=SimpleNamespace(in_channels=c)) for c in (32, 64))
    FeaturePKD().check(wide, wide)
    with pytest.raises(UserError, match='32 channels in the student and 64 in the teacher'):
        FeaturePKD().check(narrow, wide)
