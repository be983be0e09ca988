"""The toy trainings' pictures pass the checks before a training, and their configs validate and save every epoch."""
from __future__ import annotations

from pathlib import Path

import pytest

import toy_trainings
from mminspect import runtime


def test_what_is_trained_on_is_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toy_trainings.subprocess, 'run', lambda *words, **options: None)  # the teacher's weights
    configs = toy_trainings.write(tmp_path, epochs=3)
    assert set(configs) == {'detection', 'distillation', 'anomaly'}
    for name, path in configs.items():
        cfg = runtime.load_config(str(path))
        runtime.check_length(cfg)
        runtime.check_data(cfg, ('train_dataloader', 'val_dataloader'))
        assert cfg.train_cfg.max_epochs == 3 and cfg.train_cfg.val_interval == 1, name
        assert cfg.default_hooks.checkpoint.interval == 1 and cfg.default_hooks.logger.interval == 1
    distilled = runtime.load_config(str(configs['distillation'])).model
    assert distilled.teacher_ckpt == str(tmp_path / 'teacher.pth') and distilled.backbone.base_channels == 16
