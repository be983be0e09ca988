"""What an anomaly model's network takes and says, and what it refuses."""
import numpy as np
import pytest
import torch
from torch import nn

from anomaly_helpers import MKD, RD4AD, SIDE, build_small, noise, small_cfg, small_network
from mminspect.core.errors import UserError
from mminspect.inspection.networks.anomaly import anomaly_network, exportable
from mminspect.inspection.networks.building import describe
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.vision.reading import Reading


def pipeline_of(cfg):
    return cfg.test_dataloader.dataset.pipeline


def test_pixels_are_normalised_and_turned() -> None:
    cfg = small_cfg(RD4AD)
    cfg.model.data_preprocessor.update(mean=(10.0, 20.0, 30.0), std=(2.0, 4.0, 8.0))
    network, _ = anomaly_network(cfg, build_small(cfg))
    seen = network.normalised(torch.tensor([[[[12.0, 40.0, 110.0], [10.0, 20.0, 30.0]]]]))
    assert seen.shape == (1, 3, 1, 2) and seen.flatten().tolist() == [1, 0, 5, 0, 10, 0]


def test_sides_come_from_the_pipeline_and_tiles_from_the_data_set() -> None:
    cfg = small_cfg(RD4AD)
    pipeline_of(cfg)[1].size = (SIDE, 2 * SIDE)
    cfg.test_dataloader.dataset.update(type='TiledDataset', tile=512, overlap=32)
    _, values = anomaly_network(cfg, build_small(cfg))
    assert values['input_size'] == (SIDE, 2 * SIDE) and (values['tile'], values['overlap']) == (512, 32)
    assert values['kind'] == 'anomaly' and values['classes'] == ('defect',) and values['keep_ratio'] is False
    assert anomaly_network(small_cfg(RD4AD), build_small(small_cfg(RD4AD)))[1]['tile'] is None


def test_how_images_are_read_and_cropped_comes_from_the_pipeline() -> None:
    cfg = small_cfg(RD4AD)
    model = build_small(cfg)
    pipeline_of(cfg)[0].update(max_value=4095, orientation=False)
    pipeline_of(cfg).insert(2, dict(type='CentreCrop', size=(32, 64)))
    _, values = anomaly_network(cfg, model)
    assert (values['image_size'], values['input_size']) == ((SIDE, SIDE), (32, 64))
    assert values['reading'] == Reading(4095, False)
    cfg.test_dataloader.dataset.update(type='TiledDataset', tile=512)
    with pytest.raises(UserError, match='maps of tiles do not cover the image'):
        anomaly_network(cfg, model)


@pytest.mark.parametrize(('change', 'said'), [
    (lambda steps: steps.insert(1, dict(type='CentreCrop', size=32)), 'has a ResizeInspection that'),
    (lambda steps: [steps.insert(2, dict(type='CentreCrop', size=32)) for _ in 'ab'], 'has 1 .* and 2 CentreCrop'),
    (lambda steps: steps.insert(1, dict(type='anomaly_rd.RotateTexture')), 'RotateTexture'),
    (lambda steps: steps.pop(1), 'has 0 ResizeInspection'),
    (lambda steps: steps.insert(1, dict(steps[1])), 'has 2 ResizeInspection'),
    (lambda steps: steps[1].update(size=60), 'multiples of 32'),
], ids=['crop first', 'two crops', 'other', 'none', 'two', 'odd'])
def test_pipelines_that_an_inspection_cannot_follow(change, said) -> None:
    cfg = small_cfg(RD4AD)
    model = build_small(cfg)
    change(pipeline_of(cfg))
    with pytest.raises(UserError, match=said):
        anomaly_network(cfg, model)


def test_other_models_are_refused() -> None:
    with pytest.raises(UserError, match=r'Linear .* is no AnomalyModel'):
        describe(small_cfg(RD4AD), nn.Linear(1, 1))


def test_the_model_itself_stays_as_it_was() -> None:
    cfg = small_cfg(RD4AD)
    model = build_small(cfg)
    anomaly_network(cfg, model)
    with torch.no_grad():
        sample = model(torch.rand(1, 3, SIDE, SIDE), [AnomalyDataSample()], mode='predict')[0]
    assert sample.anomaly_map.shape == (SIDE, SIDE)


def test_a_map_of_gradients_is_computed_here_and_not_exported(messages) -> None:
    network = small_network(MKD)
    alone = exportable(network)
    assert alone.spec.outputs == ('pred_score',) and network.spec.outputs == ('anomaly_map', 'pred_score')
    assert any('gradients' in line and 'pred_score alone' in line for line in messages)
    found = network(noise(2))
    assert found['anomaly_map'].shape == (2, SIDE, SIDE) and found['anomaly_map'].any()
    np.testing.assert_allclose(alone(noise(2))['pred_score'], found['pred_score'], rtol=1e-6)


def test_other_networks_are_exported_as_they_are() -> None:
    network = small_network()
    assert exportable(network) is network
