"""Tiles by the config of a test set."""
import pytest
from mmengine.registry import init_default_scope

import anomaly_rd  # noqa: F401 (registers the components)
import fdrd  # noqa: F401 (registers the components)
from mminspect.inspection.networks.tiles import tiles_of

ANOMALY, DETECTION = 'anomaly_rd', 'mmdet'


@pytest.mark.parametrize(('scope', 'config', 'expected'), [
    (ANOMALY, dict(type='TiledDataset', tile=256, overlap=8), (256, 8)),
    (ANOMALY, dict(type='TiledDataset'), (1024, None)),  # images are cut although the config has no word of it
    (ANOMALY, dict(type='TiledDataset', overlap=0), (1024, 0)),
    (ANOMALY, dict(type='FolderDataset'), (None, None)),
    (DETECTION, dict(type='TiledCocoDataset', tile=512), (512, 128)),
    (DETECTION, dict(type='CocoDataset'), (None, None)),
    (DETECTION, dict(type='RepeatDataset', times=2, dataset=dict(type='TiledCocoDataset', tile=512)), (512, 128)),
    (DETECTION, {}, (None, None))])
def test_tiles(scope, config, expected) -> None:
    init_default_scope(scope)
    found = tiles_of(config)
    assert (found['tile'], found['overlap']) == expected
