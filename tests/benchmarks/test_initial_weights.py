"""The weights that a training begins with."""
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

import initial_weights
from helpers import detector_cfg


def test_they_are_those_of_the_seed_and_initialised(tmp_path):
    Config(dict(default_scope='mmdet', model=detector_cfg())).dump(tmp_path / 'tiny.py')
    for name in ('a.pth', 'b.pth'):
        initial_weights.main(str(tmp_path / 'tiny.py'), str(tmp_path / name))
    first, again = (torch.load(tmp_path / name)['state_dict'] for name in ('a.pth', 'b.pth'))
    init_default_scope('mmdet')
    assert first.keys() == MODELS.build(detector_cfg()).state_dict().keys()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert torch.allclose(first['bbox_head.gfl_cls.bias'], torch.tensor(0.01).logit())  # init_weights has run
