"""What a fingerprint depends on, and what not."""
import re

import pytest
import torch
from mmengine.config import Config

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_helpers import RD4AD, build_small, small_cfg
from helpers import build, detector_cfg
from mminspect.inspection.networks import fingerprint


@pytest.fixture(scope='module')
def model():
    return build_small(small_cfg(RD4AD))


def test_sixteen_digits_that_another_model_of_the_same_weights_has_too(model) -> None:
    first = fingerprint(small_cfg(RD4AD), model)
    assert re.fullmatch('[0-9a-f]{16}', first)
    assert first == fingerprint(small_cfg(RD4AD), build_small(small_cfg(RD4AD)))


@pytest.mark.parametrize('part', ['decoder', 'teacher'])
def test_one_changed_weight(part) -> None:
    cfg = small_cfg(RD4AD)
    model = build_small(cfg)
    before = fingerprint(cfg, model)
    with torch.no_grad():
        next(getattr(model, part).parameters()).view(-1)[0] += 1e-3
    assert fingerprint(cfg, model) != before


@pytest.mark.parametrize(('entry', 'value'), [
    ('model.map_head.sigma', 2.0), ('model.data_preprocessor.std', (1.0, 1.0, 1.0)),
    ('test_dataloader.dataset.pipeline.1.size', (96, 64))])
def test_what_changes_an_inspection(model, entry, value) -> None:
    cfg = small_cfg(RD4AD)
    before = fingerprint(cfg, model)
    cfg.merge_from_dict({entry: value})
    assert fingerprint(cfg, model) != before


@pytest.mark.parametrize(('entry', 'value'), [
    ('work_dir', '/elsewhere'), ('test_dataloader.dataset.data_root', '/data'), ('train_cfg.max_epochs', 3),
    ('model.teacher.weights', 'weights/r18.pth'), ('model.teacher.backbone.init_cfg', dict(type='Pretrained')),
    ('test_dataloader.dataset.pipeline.1.size', [64, 64])])
def test_what_does_not(model, entry, value) -> None:
    cfg = small_cfg(RD4AD)
    before = fingerprint(cfg, model)
    cfg.merge_from_dict({entry: value})
    assert fingerprint(cfg, model) == before


def test_detectors_have_one_too() -> None:
    cfg = Config(dict(model=detector_cfg()))
    first, second = fingerprint(cfg, build(cfg.model)), fingerprint(cfg, build(cfg.model, seed=1))
    assert len(first) == 16 and first != second
