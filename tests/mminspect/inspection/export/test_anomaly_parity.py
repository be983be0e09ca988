"""Every anomaly config: mmengine's prediction, the network on PyTorch, and the exported file on its runtimes agree."""
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_helpers import CONFIGS, FOLDER, RD4AD, SIDE, build_small, noise, prediction_key, small_cfg
from anomaly_rd.models.students import cloner
from anomaly_rd.models.teachers import vgg
from mminspect.inspection.backends import open_network
from mminspect.inspection.export import export_onnx
from mminspect.inspection.networks import TorchNetwork
from mminspect.inspection.networks.anomaly import anomaly_network
from mminspect.inspection.spec import NetworkSpec
from mminspect.models.anomaly_data_sample import AnomalyDataSample

CASES: dict[str, Path] = {}
for config in CONFIGS:
    CASES.setdefault(prediction_key(small_cfg(config)), config)
ON_OPENVINO = ('akf-oce_r18_20e_mvtec', 'bcn-only_wrn50_300e_mvtec', 'textile-distill_r18_300i_mvtec')


@pytest.fixture(autouse=True)
def thin_vgg(monkeypatch: pytest.MonkeyPatch) -> None:
    """An eighth of the channels."""
    monkeypatch.setattr(vgg, 'LAYERS', [layer if layer == 'M' else layer // 8 for layer in vgg.LAYERS])
    thin = {size: tuple(tuple(width // 8 for width in block) for block in widths)
            for size, widths in cloner.WIDTHS.items()}
    monkeypatch.setattr(cloner, 'WIDTHS', thin)


def name_of(path: Path) -> str:
    return str(path.relative_to(FOLDER).with_suffix(''))


def by_mmengine(model: torch.nn.Module, images: np.ndarray) -> dict[str, np.ndarray]:
    """The model's own test step on what a test pipeline would give it."""
    batch = dict(inputs=[torch.from_numpy(image.transpose(2, 0, 1).astype(np.uint8)) for image in images],
                 data_samples=[AnomalyDataSample() for _ in images])
    with torch.no_grad():
        samples = model.test_step(batch)
    return dict(anomaly_map=np.stack([sample.anomaly_map for sample in samples]),
                pred_score=np.stack([sample.pred_score for sample in samples]))


def check_graph(file: Path, outputs: tuple[str, ...]) -> None:
    """Standard operators, fixed sides, and a batch of any size."""
    graph = onnx.load(file).graph
    assert {node.domain for node in graph.node} <= {'', 'ai.onnx'}
    assert not {'Range', 'Mod', 'Loop', 'If'} & {node.op_type for node in graph.node}
    sides = {value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
             for value in (*graph.input, *graph.output)}
    expected = dict(images=['batch', SIDE, SIDE, 3], anomaly_map=['batch', SIDE, SIDE], pred_score=['batch'])
    assert sides == {name: expected[name] for name in ('images', *outputs)}


@pytest.mark.parametrize('path', CASES.values(), ids=name_of)
def test_maps_and_scores(path: Path, tmp_path: Path) -> None:
    cfg, file = small_cfg(path), tmp_path / 'model.onnx'
    model = build_small(cfg)
    module, values = anomaly_network(cfg, model)
    network = TorchNetwork(module, NetworkSpec(name=path.stem, fingerprint='0123456789abcdef', **values))
    export_onnx(network, file)
    exported = [open_network(file, threads=1)]
    if path.stem.startswith(ON_OPENVINO):
        pytest.importorskip('openvino')
        exported.append(open_network(file, 'openvino', threads=1))
    outputs = ('pred_score',) if 'mkd' in path.stem else ('anomaly_map', 'pred_score')
    assert all(one.spec.outputs == outputs for one in exported)
    check_graph(file, outputs)
    for count in (1, 3):
        images = noise(count, seed=count)
        expected, ours = by_mmengine(model, images), network(images)
        assert set(ours) == set(expected) and expected['anomaly_map'].shape == (count, SIDE, SIDE)
        assert expected['anomaly_map'].std() > 0
        # gradients are small: what is compared must be larger than what is tolerated
        limits = dict(anomaly_map=min(1e-3, 0.01 * expected['anomaly_map'].std()),
                      pred_score=min(1e-3, 0.001 * abs(expected['pred_score']).min()))
        for results in (ours, *(one(images) for one in exported)):
            for name, result in results.items():
                assert result.dtype == np.float32 and result.shape == expected[name].shape
                np.testing.assert_allclose(result, expected[name], rtol=0, atol=limits[name])


@pytest.mark.parametrize('backbone', [
    dict(type='mmpretrain.MobileNetV2', widen_factor=0.25, out_indices=(0, 1, 2)),  # strides 2, 4, 8
    dict(type='mmpretrain.VisionTransformer', img_size=SIDE, patch_size=8, out_type='featmap', out_indices=(0, 1, 2),
         arch=dict(embed_dims=16, num_layers=3, num_heads=2, feedforward_channels=32))], ids=lambda cfg: cfg['type'])
def test_teachers_of_other_strides(backbone: dict, tmp_path: Path) -> None:
    cfg, file, images = small_cfg(RD4AD), tmp_path / 'model.onnx', noise(3)
    cfg.model.teacher.backbone = backbone
    model = build_small(cfg)
    assert model.teacher.layout.strides in ((2, 4, 8), (8, 8, 8))
    module, values = anomaly_network(cfg, model)
    export_onnx(TorchNetwork(module, NetworkSpec(name='other', fingerprint='0123456789abcdef', **values)), file)
    expected, exported = by_mmengine(model, images), open_network(file, threads=1)(images)
    assert expected['anomaly_map'].std() > 0.01
    for name, value in expected.items():
        np.testing.assert_allclose(exported[name], value, rtol=0, atol=1e-3)


def test_every_config_is_covered() -> None:
    assert len(CONFIGS) >= 64 and {prediction_key(small_cfg(path)) for path in CONFIGS[::7]} <= set(CASES)
