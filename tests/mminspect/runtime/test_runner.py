from pathlib import Path

import pytest
import torch

from helpers import detector_cfg, runner_cfg, write_coco
from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.runtime.runner import has_amx_tiles


def test_runner_is_built_or_the_mistake_is_named(tmp_path: Path) -> None:
    cfg = runner_cfg(tmp_path / 'run', write_coco(tmp_path / 'data'), detector_cfg())
    assert type(runtime.build_runner(cfg).model).__name__ == 'GFL'
    cfg.custom_hooks = [dict(type='CheckInvalidLosHook')]
    cfg.experiment_name = 'second'
    with pytest.raises(UserError, match='CheckInvalidLossHook'):
        runtime.build_runner(cfg)


def test_launcher_needs_torchrun(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv('RANK', raising=False)
    with pytest.raises(UserError, match='torchrun'):
        runtime.build_runner(runner_cfg(tmp_path, tmp_path / 'a.json', detector_cfg(), launcher='pytorch'))


@pytest.mark.parametrize('answer', [True, False])
def test_bfloat16_is_fast_where_torch_says_so(answer: bool, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.cpu, '_is_amx_tile_supported', lambda: answer, raising=False)
    assert has_amx_tiles() is answer and runtime.fast_bf16() is answer


def test_torch_without_its_private_question_is_not_fast(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.delattr(torch.cpu, '_is_amx_tile_supported', raising=False)
    assert runtime.fast_bf16() is False
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    assert runtime.fast_bf16() is True
