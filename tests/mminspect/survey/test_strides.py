"""The smallest stride of every family of detectors is what the built head says."""
from __future__ import annotations

import pytest

from detection_helpers import family_cfg
from helpers import build, distilled_cfg
from mminspect.runtime import load_config
from mminspect.survey.strides import smallest_stride


@pytest.mark.parametrize('family', ['GFL', 'ATSS', 'RetinaNet', 'TOOD', 'VFNet', 'YOLOF'])
def test_it_is_that_of_the_built_head(family: str) -> None:
    cfg = family_cfg(family)
    assert smallest_stride(cfg) == min(stride for pair in build(cfg).bbox_head.prior_generator.strides
                                       for stride in pair)


def test_of_two_stages_and_of_the_student_alone() -> None:
    assert smallest_stride(load_config('fdrd/detectors/faster-rcnn_r50_48e_medicine').model) == 4
    teacher = dict(model=dict(bbox_head=dict(anchor_generator=dict(strides=[2, 4]))))
    assert smallest_stride(distilled_cfg(teacher=teacher)) == 8


def test_no_detector_no_stride() -> None:
    assert smallest_stride(load_config('anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec').model) is None
    assert smallest_stride({}) is None
