"""Every detection config of the repository gives a network of full size, on the meta device, or is refused."""
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config

from mminspect.core.errors import UserError
from mminspect.inspection.networks.detection import detection_network
from mminspect.models.building import build_model

ROOT = Path(__file__).resolve().parents[4]
CONFIGS = sorted(path for path in (ROOT / 'configs' / 'fdrd').rglob('*.py') if '_base_' not in path.parts)


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_network_or_refusal(path: Path) -> None:
    cfg = Config.fromfile(path)
    model = build_model(cfg, 'meta')
    if 'faster-rcnn' in path.stem:
        with pytest.raises(UserError, match=f'FasterRCNN in .*{path.name} is a baseline of two stages'):
            detection_network(cfg, model)
        return
    model.data_preprocessor = MODELS.build(cfg.model.data_preprocessor)  # of which the values are needed
    network, fields = detection_network(cfg, model)
    width, height = next(step.scale for step in cfg.test_dataloader.dataset.pipeline if step.type == 'Resize')
    assert all(0 <= have - want < 32 and have % 32 == 0
               for have, want in zip(fields['input_size'], (height, width), strict=True))
    assert fields['classes'] == tuple(cfg.test_dataloader.dataset.metainfo.classes)
    boxes, scores = network.to('meta')(torch.empty(1, *fields['input_size'], 3, device='meta'))
    count = sum(fields['suppression'].level_sizes)
    assert boxes.shape == (1, count, 4) and scores.shape == (1, count, len(fields['classes']))


def test_only_the_two_stage_baselines_are_refused() -> None:
    assert sum('faster-rcnn' in path.stem for path in CONFIGS) == 3 < len(CONFIGS)
