"""One training of anomalib's ReverseDistillation, run by benchmarks/peer_anomalib.py in an environment of its own.

anomalib's Engine trains its own module on its own MVTecAD data module. Set here: ResNet-18 backbone from a local file
instead of a download, batch size, epochs, seed, threads, loader workers (anomalib: 8), processor as device, no
validation, and Lightning's ``barebones`` (no logger, progress bar or checkpoint, all of which would only cost the peer
time). Everything else is anomalib's default: float32, Adam 0.005 with betas (0.5, 0.99) and no schedule, resizing to
256x256 and ImageNet normalisation of its pre-processor (resizing per image in the loader, normalisation per batch),
sum of the levels' maps, Gaussian of sigma 4, no early stopping (its API has none unless asked for).

Maps and scores are the torch model's raw output, before the post-processor's normalisation.
"""
from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from anomalib.data import MVTecAD
from anomalib.engine import Engine
from anomalib.models import ReverseDistillation
from lightning.pytorch import Callback, Trainer, seed_everything

PACKAGES = ('anomalib', 'torch', 'torchvision', 'timm', 'lightning', 'numpy')


class FirstImages(MVTecAD):
    """The data module with its first ``limit`` training images only (None: all)."""

    def __init__(self, limit: int | None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.limit = limit

    def _setup(self, _stage: str | None = None) -> None:
        super()._setup(_stage)
        if self.limit is not None:
            self.train_data = self.train_data.subsample(range(min(self.limit, len(self.train_data))))


class Recorder(Callback):
    """Wall time of every training epoch, and ``epoch_<k>.npz`` of the test set after the epochs of ``report``."""

    def __init__(self, report: list[int], out: Path) -> None:
        self.report, self.out = report, out
        self.epoch_seconds: list[float] = []
        self.predict_seconds: dict[int, float] = {}
        self.start = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: ReverseDistillation) -> None:
        """Start the clock; from the second epoch on, starting the loader's iterator falls into the measured time."""
        self.start = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: ReverseDistillation) -> None:
        """Stop the clock, then predict if asked: evaluation mode and a forked generator leave training untouched."""
        self.epoch_seconds.append(time.perf_counter() - self.start)
        epoch = trainer.current_epoch + 1
        print(f'epoch {epoch}: {self.epoch_seconds[-1]:.2f} s', flush=True)
        if epoch not in self.report:
            return
        start = time.perf_counter()
        pl_module.eval()
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            arrays = predict(trainer, pl_module)
        pl_module.train()
        self.predict_seconds[epoch] = time.perf_counter() - start
        np.savez(self.out / f'epoch_{epoch}.npz', **arrays)


def predict(trainer: Trainer, module: ReverseDistillation) -> dict[str, np.ndarray]:
    """Raw ``maps`` (N, 256, 256) and ``scores`` (N,) float32, ``labels``, ``images`` and ``masks`` ('' where good).

    Images and masks are file names relative to the data set's root.
    """
    maps, scores, paths = [], [], []
    for batch in trainer.datamodule.test_dataloader():
        module.pre_processor.on_predict_batch_start(trainer, module, batch, 0)
        output = module.model(batch.image)
        maps.append(output.anomaly_map.float().squeeze(1))
        scores.append(output.pred_score.float().flatten())
        paths += batch.image_path
    samples, root = trainer.datamodule.test_data.samples, trainer.datamodule.root
    assert paths == list(samples.image_path), 'the test loader changed the order of the images'
    masks = [os.path.relpath(path, root) if path else '' for path in samples.mask_path]
    return dict(maps=torch.cat(maps).numpy(), scores=torch.cat(scores).numpy(),
                labels=samples.label_index.to_numpy(np.int64), masks=np.array(masks, dtype=np.str_),
                images=np.array([os.path.relpath(path, root) for path in paths], dtype=np.str_))


def assert_weights(module: ReverseDistillation, weights: dict[str, torch.Tensor]) -> None:
    """The encoder holds these tensors and no others."""
    encoder = module.model.encoder.feature_extractor.state_dict()
    assert encoder.keys() == weights.keys(), sorted(encoder.keys() ^ weights.keys())
    assert all(torch.equal(encoder[name], tensor) for name, tensor in weights.items())


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Train, predict at the epochs of ``args.report``, and say what was run and how long it took."""
    seed_everything(args.seed, workers=True, verbose=False)
    module = ReverseDistillation(backbone='resnet18', pre_trained=False)
    weights = torch.load(args.weights, map_location='cpu', weights_only=True)
    module.model.encoder.feature_extractor.load_state_dict(weights, strict=True)
    assert_weights(module, weights)
    data = FirstImages(args.limit, root=args.root, category=args.category, train_batch_size=args.batch_size,
                       num_workers=args.workers)
    recorder = Recorder(args.report, args.out)
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(callbacks=[recorder], default_root_dir=folder, accelerator='cpu', devices=1, barebones=True,
                        max_epochs=args.epochs, limit_val_batches=0)
        engine.fit(module, datamodule=data)
    assert_weights(module, weights)  # the frozen encoder went through the training unchanged
    optimizer = engine.trainer.optimizers[0]
    return dict(
        versions={name: version(name) for name in PACKAGES}, threads=torch.get_num_threads(),
        settings=dict(optimizer=type(optimizer).__name__, lr=optimizer.defaults['lr'],
                      betas=optimizer.defaults['betas'], weight_decay=optimizer.defaults['weight_decay'],
                      precision=engine.trainer.precision, transform=str(module.pre_processor.transform),
                      map_mode=str(module.anomaly_map_mode.value)),
        train_images=len(data.train_data), test_images=len(data.test_data),
        steps_per_epoch=len(data.train_dataloader()), epoch_seconds=recorder.epoch_seconds,
        predict_seconds=recorder.predict_seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--root', required=True)
    parser.add_argument('--category', required=True)
    parser.add_argument('--weights', required=True)
    parser.add_argument('--out', type=Path, required=True)
    for name in ('--epochs', '--seed', '--batch-size', '--threads', '--workers'):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument('--report', type=int, nargs='+', required=True)
    parser.add_argument('--limit', type=int)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    record = train(args)
    unfinished = args.out / '.record.json'
    unfinished.write_text(json.dumps(record, indent=2) + '\n')
    os.replace(unfinished, args.out / 'record.json')


if __name__ == '__main__':
    main()
