"""Which samples of a test run are drawn; the run itself is in tests/tools/test_show_dir.py."""
from types import SimpleNamespace

import cv2
import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.registry import HOOKS
from mmengine.structures import InstanceData

from fdrd.hooks import SideBySideHook


def outputs(tmp_path, count):
    samples = []
    for i in range(count):
        cv2.imwrite(str(tmp_path / f'{i}.png'), np.zeros((8, 8, 3), np.uint8))
        samples.append(DetDataSample(metainfo=dict(img_path=str(tmp_path / f'{i}.png'))))
        samples[-1].pred_instances = InstanceData(bboxes=torch.zeros(0, 4), scores=torch.zeros(0),
                                                  labels=torch.zeros(0, dtype=torch.long))
    return samples


def test_limit_over_batches(tmp_path):
    dataset = SimpleNamespace(metainfo=dict(classes=('foreign', )))
    runner = SimpleNamespace(work_dir=str(tmp_path), test_dataloader=SimpleNamespace(dataset=dataset))
    hook = HOOKS.build(dict(type='mmengine.SideBySideHook', out_dir='pictures', limit=3))
    assert isinstance(hook, SideBySideHook)
    for _ in range(2):  # a second test starts anew
        hook.before_test(runner)
        for number in range(3):
            hook.after_test_iter(runner, number, None, outputs(tmp_path, 2))
        hook.after_test_epoch(runner, {})
        assert sorted(p.name for p in (tmp_path / 'pictures').iterdir()) == ['0000_0.png', '0001_1.png', '0002_0.png']
    hook = SideBySideHook(str(tmp_path / 'all'), limit=None)
    hook.after_test_iter(runner, 0, None, outputs(tmp_path, 4))
    assert len(list((tmp_path / 'all').iterdir())) == 4
