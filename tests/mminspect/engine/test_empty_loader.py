from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.dataset import DefaultSampler, InfiniteSampler

from helpers import detector_cfg, runner_cfg, write_coco
from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.engine import EmptyLoaderHook


def test_a_training_without_a_step_is_refused(tmp_path: Path) -> None:
    cfg = runner_cfg(tmp_path / 'run', write_coco(tmp_path / 'data'), detector_cfg())
    cfg.train_dataloader.update(batch_size=7, drop_last=True)  # of six images
    with pytest.raises(UserError, match=r'train_dataloader has no batch: 6 images .* set drop_last=False'):
        runtime.build_runner(cfg).train()
    assert not list((tmp_path / 'run').glob('*.pth'))


@pytest.mark.parametrize(('length', 'sampler'), [(1, DefaultSampler), (0, InfiniteSampler)])
def test_others_are_not(length: int, sampler: type) -> None:
    batches = SimpleNamespace(sampler=sampler([1]))
    loader = type('Loader', (), dict(__len__=lambda self: length, batch_sampler=batches, dataset=[1]))()
    EmptyLoaderHook().before_train(SimpleNamespace(train_dataloader=loader))
