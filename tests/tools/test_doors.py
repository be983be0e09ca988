"""How images are read and cropped is written in the config, and obeyed behind every door that a picture comes in by."""
from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, init_default_scope
from PIL import Image

from anomaly_rd.apis import AnomalyInferencer
from helpers import shared
from mminspect import runtime
from mminspect.inspection import load_inspector
from mminspect.models.building import load_model
from mminspect.models.checkpoint import Checkpoint
from station_helpers import runner_cfg

SIDE, ROWS = 64, slice(16, 48)
READING = dict(max_value=4095, orientation=False)


def write_images(folder: Path) -> list[Path]:
    """12 bits stored in 16, white in the rows that the crop leaves out; and a picture that EXIF asks to be turned,
    which brings its bright spot, 8 columns wide, out of the crop."""
    folder.mkdir(parents=True)
    deep = np.random.default_rng(0).integers(0, 3000, (SIDE, SIDE), dtype=np.uint16)
    deep[:8] = 4095
    cv2.imwrite(str(folder / 'part12in16.png'), deep)
    turned, exif = np.full((SIDE, SIDE), 48, np.uint8), Image.Exif()
    turned[24:40, :8] = 200
    exif[274] = 6
    Image.fromarray(turned).save(folder / 'turned.jpg', quality=100, exif=exif)
    return [folder / 'part12in16.png', folder / 'turned.jpg']


def by_hand(path: Path) -> float:
    """The largest brightness, 0..1, in the rows of the crop, of the pixels as they lie in the file."""
    raw = np.asarray(Image.open(path), np.float64)
    return float(raw[ROWS].max() / (4095 if path.suffix == '.png' else 255))


@dataclass
class Trained:
    """A trained model that says how bright the brightest pixel is."""

    cfg: Any
    checkpoint: Path
    images: list[Path]
    folder: Path
    call: Callable


def train(folder: Path, call: Callable, **reading: Any) -> Trained:
    root = folder / 'data'
    images = write_images(root / 'plate' / 'train' / 'good')
    shutil.copytree(root / 'plate' / 'train' / 'good', root / 'plate' / 'test' / 'good')
    steps = [dict(type='LoadInspectionImage', **reading), dict(type='ResizeInspection', size=(SIDE, SIDE)),
             dict(type='CentreCrop', size=(32, SIDE)), dict(type='PackAnomalyInputs')]
    cfg = runner_cfg(root, folder / 'run', [dict(type='ThresholdHook', rule='max')], model=dict(gain=1.0), epochs=1,
                     optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.0)))
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.dataset.pipeline = steps
    runtime.build_runner(cfg).train()
    return Trained(cfg, folder / 'run' / 'epoch_1.pth', images, folder, call)


@pytest.fixture
def trained(tmp_path: Path, call: Callable) -> Trained:
    return train(tmp_path, call, **READING)


def pipeline(loader: str) -> Callable[[Trained], list[float]]:
    def scores(one: Trained) -> list[float]:
        init_default_scope('anomaly_rd')
        model, dataset = load_model(one.cfg, str(one.checkpoint)), DATASETS.build(one.cfg[loader].dataset)
        found = [model.test_step(pseudo_collate([item]))[0] for item in dataset]
        return [float(sample.pred_score) for sample in found]
    return scores


def threshold_hook(one: Trained) -> list[float]:
    png, jpg = sorted(Checkpoint.open(one.checkpoint).calibration.scores.values)
    return [png, jpg]


def inspect(one: Trained) -> list[float]:
    status, _, error = one.call('inspect_images', one.checkpoint, one.images[0].parent, '--out', one.folder / 'out')
    assert status == 0, error
    return [json.loads(line)['score'] for line in (one.folder / 'out' / 'results.jsonl').read_text().splitlines()]


def calibrate(one: Trained) -> list[float]:
    status, _, error = one.call('calibrate', one.checkpoint, one.images[0].parent, '--false-reject-rate', 0.5)
    assert status == 0, error
    return threshold_hook(one)


def export(one: Trained) -> Path:
    status, _, error = one.call('deploy/export', one.checkpoint, '--out', one.folder / 'model.onnx')
    assert status == 0, error
    return one.folder / 'model.onnx'


def exported(one: Trained) -> list[float]:
    return [result.score for result in load_inspector(export(one)).many(one.images, batch=2)]


def inferencer(one: Trained) -> list[float]:
    return [found['pred_score'] for found in AnomalyInferencer(one.checkpoint)(one.images)['predictions']]


def arrays(one: Trained) -> list[float]:
    """As a camera gives them."""
    return [load_inspector(one.checkpoint)(np.asarray(Image.open(path)).astype(dtype)).score
            for path, dtype in zip(one.images, (np.uint16, np.uint8), strict=True)]


def station(**options: Any) -> Callable[[Trained], list[float]]:
    def scores(one: Trained) -> list[float]:
        pytest.importorskip('django', reason='the station is an extra: pip install .[web]')
        from mminspect.station.worker import Factory
        from worker_helpers import Answers
        model = one.checkpoint if options else export(one)
        answers = Answers()
        client = answers.client(Factory('mminspect.inspection:load_inspector', model=str(model), **options))
        client.start()
        try:
            for path in one.images:
                client.submit(path.name, path)
            return [answers.of(path.name).result['score'] for path in one.images]
        finally:
            client.close()
    return scores


@pytest.mark.parametrize('door', [
    pipeline('train_dataloader'), pipeline('test_dataloader'), threshold_hook, inspect, calibrate, exported, inferencer,
    arrays, station(), station(imports=('station_helpers',))],
    ids=['training', 'test', 'hook', 'inspect', 'calibrate', 'onnx', 'inferencer', 'camera', 'station', 'station.pth'])
def test_every_door_obeys_the_config(door: Callable[[Trained], list[float]], trained: Trained) -> None:
    assert door(trained) == pytest.approx([by_hand(path) for path in trained.images], abs=2e-5)


def test_other_options_give_other_scores(tmp_path: Path, call: Callable) -> None:
    """Which shows that the tests above can fail."""
    one = train(tmp_path, call)
    deep, turned = (by_hand(path) for path in one.images)
    assert inspect(one) == pytest.approx([deep * 4095 / 65535, 48 / 255], abs=0.01) and turned > 0.7


def test_what_the_file_says_of_itself(trained: Trained) -> None:
    for spec in (load_inspector(trained.checkpoint).spec, load_inspector(export(trained)).spec):
        assert (spec.image_size, spec.input_size) == ((SIDE, SIDE), (32, SIDE))
        assert (spec.reading.max_value, spec.reading.orientation) == (4095, False)
    found = load_inspector(trained.checkpoint)(trained.images[0]).anomaly_map
    assert np.isfinite(found[ROWS]).all() and np.isnan(found[:16]).all() and np.isnan(found[48:]).all()
    assert Checkpoint.open(trained.checkpoint).content['config']['values']['default_scope'] == 'anomaly_rd'


def test_one_part_in_8_bits_and_in_12_has_one_score(tmp_path: Path, call: Callable) -> None:
    """Pictures of one part as two cameras store it; the 8 bits round."""
    pair = [shared('cases/images/part8.png'), shared('cases/images/part12in16.png')]
    one = train(tmp_path, call, max_value=4095)
    for model in (one.checkpoint, export(one)):
        first, second = (result.score for result in load_inspector(model).many(pair))
        assert first == pytest.approx(second, abs=0.6 / 255)
    first, second = (found['pred_score'] for found in AnomalyInferencer(one.checkpoint)(pair)['predictions'])
    assert first == pytest.approx(second, abs=0.6 / 255) and first > 0.1
