from __future__ import annotations

import pytest
import torch

from anomaly_rd.models.students import ResNetStudent
from anomaly_rd.models.teachers import ResNetTeacher
from mminspect.core.errors import UserError


@pytest.mark.parametrize('arch', ['resnet18', 'wide_resnet50_2'])
def test_it_is_the_teachers_network_from_scratch(arch: str) -> None:
    student, teacher = ResNetStudent(arch, features=2), ResNetTeacher(arch=arch, features=2)
    assert student.channels == teacher.channels
    student.load_state_dict(teacher.state_dict())
    images = torch.randn(2, 3, 64, 64)
    for own, other in zip(student.eval()(images), teacher(images), strict=True):
        assert torch.equal(own, other)
    assert all(parameter.requires_grad for parameter in student.parameters())


def test_published_size() -> None:
    """2.78 million up to level 3."""
    assert sum(parameter.numel() for parameter in ResNetStudent().parameters()) == 2_782_784


@pytest.mark.parametrize('options', [dict(arch='resnet19'), dict(features=5)])
def test_values_out_of_range(options: dict) -> None:
    with pytest.raises(UserError, match='student'):
        ResNetStudent(**options)
