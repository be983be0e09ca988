from pathlib import Path

import pytest

from helpers import detector_cfg, runner_cfg, write_coco
from mminspect import runtime
from mminspect.core.errors import UserError


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
