from __future__ import annotations

from pathlib import Path

import pytest

from anomaly_rd.datasets import MVTecDataset
from anomaly_rd.registry import DATASETS
from mminspect.core.errors import UserError


def test_built_from_a_config(category: Path) -> None:
    dataset = DATASETS.build(dict(type='MVTecDataset', data_root=str(category.parent), category='part', split='test'))
    assert isinstance(dataset, MVTecDataset)
    assert [dataset.get_data_info(i)['defect_type'] for i in range(6)] == ['good'] * 2 + ['hole'] * 3 + ['scratch']


def test_unknown_category(category: Path) -> None:
    with pytest.raises(UserError, match=r"data/screw' does not exist: '.*data' has part"):
        MVTecDataset(category.parent, 'screw')
