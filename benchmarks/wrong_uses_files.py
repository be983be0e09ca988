"""Files that wrong uses name: small data sets, models, configs that are wrong in one way each, and damaged files."""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from mmengine.registry import MODELS, init_default_scope
from PIL import Image

from anomaly_rd.datasets.textures_writer import TexturesSpec, make_textures
from fdrd.datasets.vials_writer import VialsSpec, make_vials
from mminspect import runtime
from mminspect.core.log import quiet_log
from mminspect.inspection import load_inspector
from mminspect.inspection.export import export_onnx
from mminspect.models.stored_config import CONFIG_KEY, as_stored

#: Configs that are right, by the name of their files.
BASES = dict(det='fdrd/demo/gfl_r18_slim_12e_vials', anom='anomaly_rd/demo/rd4ad_r18_10e_textures')
#: Configs that are wrong in one way: what is written behind the base.
WRONG_CONFIGS = {
    'exit0': 'import sys\nsys.exit(0)', 'exit1': 'raise SystemExit("enough")', 'raises': 'x = 1 / 0',
    'syntax': 'model = dict(', 'base': '_base_ = "no_such_file.py"',
    'type': 'model = dict(backbone=dict(type="ResNot"))',
    'hook': 'custom_hooks = [dict(type="NoSuchHook")]',
    'imports': 'custom_imports = dict(imports=["no_such_module"])',
    'no_data': 'train_dataloader = dict(dataset=dict(ann_file="no/such/file.json"))', 'model_text': 'model = "GFL"',
    'argument': 'model = dict(neck=dict(no_such_argument=1))', 'loop': 'train_cfg = 3',
    'size': 'huge = dict(type="Resize", scale=(10**9, 10**9), keep_ratio=False)\n'
            'train_dataloader = dict(dataset=dict(pipeline=[_base_.load_image, _base_.load_boxes, huge, _base_.pack]))',
}


def build(folder: Path) -> None:
    """Make everything, in a new folder; work is done there."""
    folder.mkdir(parents=True)
    os.environ['MMINSPECT_DATA'] = str(folder / 'data')
    make_vials(folder / 'data' / 'vials', VialsSpec(train=4, val=2, size=(160, 68), voc=True))
    make_textures(folder / 'data' / 'textures', TexturesSpec(train=6, good=2, defective=1, calibration=24, size=64))
    with quiet_log():
        _configs(folder)
        _models(folder)
    _pictures(folder)
    _damaged(folder)
    (folder / 'done').touch()


def _configs(folder: Path) -> None:
    for name, base in BASES.items():
        scale = 'train_dataloader = dict(num_workers=0)\nval_dataloader = dict(num_workers=0)\n'
        (folder / f'{name}.py').write_text(f'_base_ = "mminspect::{base}.py"\n{scale}')
    for name, text in WRONG_CONFIGS.items():
        begin = '' if '_base_ =' in text else f'_base_ = "mminspect::{BASES["det"]}.py"\n'
        (folder / f'wrong_{name}.py').write_text(f'{begin}{text}\n')
    (folder / 'empty.py').write_text('')
    (folder / 'binary.py').write_bytes(bytes(range(256)) * 4)


def _models(folder: Path) -> None:
    for name in BASES:
        cfg = runtime.load_config(str(folder / f'{name}.py'))
        init_default_scope(cfg.default_scope)
        torch.manual_seed(0)
        model = MODELS.build(cfg.model)
        model.init_weights()
        content = dict(state_dict=model.state_dict(), meta=dict(epoch=1), **{CONFIG_KEY: as_stored(cfg)})
        torch.save(content, folder / f'{name}.pth')
        export_onnx(load_inspector(folder / f'{name}.pth').network, folder / f'{name}.onnx')


def _pictures(folder: Path) -> None:
    weave = folder / 'data' / 'textures' / 'weave'
    for source, target in ((weave / 'calibration' / 'good', 'good'), (weave / 'test', 'mixed')):
        (folder / target).symlink_to(source)
    first = sorted((weave / 'calibration' / 'good').iterdir())[0]
    (folder / 'frozen').mkdir()
    for number in range(24):
        shutil.copy(first, folder / 'frozen' / f'{number:02d}.png')
    for name in ('none', 'few', 'broken', 'drawn'):
        (folder / name).mkdir()
    shutil.copy(first, folder / 'few' / 'a.png')
    (folder / 'broken' / 'a.png').write_bytes(first.read_bytes()[:200])
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(folder / 'picture.png')
    (folder / 'drawn' / 'a.json').write_text('{"shapes": [], "imageHeight": 8, "imageWidth": 8, "imagePath": "a.png"}')
    (folder / 'drawn_wrong').mkdir()
    (folder / 'drawn_wrong' / 'a.json').write_text('{"shapes": 3}')


def _damaged(folder: Path) -> None:
    (folder / 'file').write_text('a file\n')
    (folder / 'nothing').symlink_to(folder / 'no' / 'such' / 'place')
    (folder / 'empty.pth').write_bytes(b'')
    (folder / 'text.pth').write_text('no checkpoint\n' * 10)
    (folder / 'text.onnx').write_text('no model\n' * 10)
    for name in ('anom.pth', 'anom.onnx', 'det.onnx'):
        content = bytearray((folder / name).read_bytes())
        (folder / f'short_{name}').write_bytes(content[:len(content) // 2])
        content[len(content) // 2] ^= 64
        (folder / f'rotten_{name}').write_bytes(content)
    content = torch.load(folder / 'anom.pth', weights_only=True)
    weights = content['state_dict']
    weights[next(iter(weights))].view(-1)[0] = float('nan')
    torch.save(content, folder / 'nan.pth')
    for name, change in _descriptions():
        model = onnx.load(folder / 'anom.onnx')
        model.metadata_props[0].value = change(model.metadata_props[0].value)
        onnx.save(model, folder / f'{name}.onnx')


def _descriptions() -> Iterator[tuple[str, object]]:
    yield 'nan_threshold', lambda text: text.replace(
        '"calibration": null', '"calibration": {"value": NaN, "origin": "x", "count": 1, "rule": "x", "map": null, '
                               '"level_maps": []}')
    yield 'unknown_output', lambda text: text.replace('pred_score', 'pred_scare')
    yield 'deep', lambda text: '[' * 100_000
    yield 'other_size', lambda text: text.replace('"input_size": [128, 128]', '"input_size": [64, 128]')
    yield 'huge_size', lambda text: text.replace('"input_size": [128, 128]', '"input_size": [1000000000, 128]')
    yield 'no_kind', lambda text: text.replace('"kind": "anomaly"', '"kind": "magic"')
