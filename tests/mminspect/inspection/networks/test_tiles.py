"""Tiles by the config of a test set."""
import mmdet.registry
import pytest

import anomaly_rd.registry
import fdrd  # noqa: F401 (registers the components)
from mminspect.inspection.networks.tiles import tiles_of

ANOMALY, DETECTION = anomaly_rd.registry.DATASETS, mmdet.registry.DATASETS


@pytest.mark.parametrize(('registry', 'config', 'expected'), [
    (ANOMALY, dict(type='TiledDataset', tile=256, overlap=8), (256, 8)),
    (ANOMALY, dict(type='TiledDataset'), (1024, None)),  # images are cut although the config has no word of it
    (ANOMALY, dict(type='TiledDataset', overlap=0), (1024, 0)),
    (ANOMALY, dict(type='FolderDataset'), (None, None)),
    (DETECTION, dict(type='TiledCocoDataset', tile=512), (512, 128)),
    (DETECTION, dict(type='CocoDataset'), (None, None)),
    (DETECTION, {}, (None, None))])
def test_tiles(registry, config, expected) -> None:
    found = tiles_of(config, registry)
    assert (found['tile'], found['overlap']) == expected
