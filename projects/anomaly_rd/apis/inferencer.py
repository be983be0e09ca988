"""Anomaly maps and decisions for images, in three lines of Python."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.infer import BaseInferencer
from numpy.typing import NDArray
from torch import nn

from anomaly_rd.postprocess import label_samples
from anomaly_rd.registry import INFERENCERS
from anomaly_rd.visualization import Picture, draw_panel, figure_array, save_figure, scales_of
from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.decisions import Threshold
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.building import load_model
from mminspect.models.checkpoint import Checkpoint
from mminspect.runtime.dataset_cfg import representative

from .inputs import Input, as_records
from .scans import Cutting, whole_scan

LOADER, CROP = 'LoadInspectionImage', 'CentreCrop'


@INFERENCERS.register_module()
class AnomalyInferencer(BaseInferencer):
    """Score images with a trained model.

    Example::

        inferencer = AnomalyInferencer('configs/anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec.py', 'work_dirs/.../epoch_20.pth')
        for found in inferencer('folder/of/images', batch_size=4)['predictions']:
            print(found['img_path'], found['pred_score'], found['pred_label'])

    Where the test data set is a ``TiledDataset``, every image is a scan that is cut into the same tiles; its map is put
    together from theirs, its score is the largest of theirs, and the threshold decides on that score.

    A call takes a path, a folder, arrays (H, W, 3) in RGB order or (H, W), or a list of those, and

    - ``batch_size`` (1);
    - ``original_size`` (True): maps at the size of the input image (as those of scans always are), else of the network;
    - ``draw`` (False): whether ``visualization`` holds a picture (H', W', 3) of every image;
    - ``out_dir``: folder to write these pictures to;
    - ``return_datasamples`` (False): data samples instead of dictionaries.

    Args:
        config: File or config of the method; its test pipeline prepares the images.
        checkpoint: Of that method. Its threshold decides.
        device: Of the network.
        threshold: On the score, in place of the checkpoint's.
        show_progress: Whether to show a bar.

    Raises:
        UserError: The config fails, or the checkpoint is missing, damaged or of another method.
    """

    visualize_kwargs = {'draw', 'out_dir'}  # noqa: RUF012 (the base class asks for a set)
    postprocess_kwargs = {'original_size'}  # noqa: RUF012

    def __init__(self, config: str | Path | Config, checkpoint: str | Path, device: str = 'cpu',
                 threshold: float | None = None, show_progress: bool = False) -> None:
        cfg = config if isinstance(config, Config) else runtime.load_config(str(config))
        super().__init__(cfg, str(checkpoint), device, scope='anomaly_rd', show_progress=show_progress)
        self.calibration = self.model.calibration
        self.threshold = self.calibration and self.calibration.threshold
        if threshold is not None:
            self.threshold = Threshold(float(threshold), 'given', 0, 'fixed')

    def __call__(self, inputs: Input | Sequence[Input], return_datasamples: bool = False, batch_size: int = 1,
                 **kwargs: Any) -> dict[str, Any]:
        """Score ``inputs``; the arguments are those of the class.

        Returns:
            ``predictions``: per image ``img_path``, ``pred_score``, ``anomaly_map`` (H, W) float32 and, with a
            threshold, ``pred_label`` (0 or 1), ``threshold`` and ``threshold_origin``, else None. ``visualization``:
            pictures.

        Raises:
            UserError: An input is missing, no image, smaller than a tile, or an array of another type or shape.
        """
        if batch_size < 1:
            raise UserError(f'batch_size must be at least 1, got {batch_size}')
        if self._cutting is not None and not kwargs.get('original_size', True):
            raise UserError('maps of scans that are cut into tiles have the size of the scan: leave original_size out')
        return super().__call__(inputs, return_datasamples, batch_size, **kwargs)

    def preprocess(self, inputs: list[dict], batch_size: int = 1) -> Iterator[Any]:
        """Batches; of scans, one pair at a time: the scan's record and the batches of its tiles."""
        if self._cutting is None:
            yield from super().preprocess(inputs, batch_size)
            return
        for record in inputs:
            tiles = self._cutting.tiles(self._loader(dict(record)))
            yield record, super().preprocess(tiles, batch_size)

    def forward(self, inputs: Any, **kwargs: Any) -> list[AnomalyDataSample]:
        """Predict a batch, or a scan, and label it."""
        if self._cutting is None:
            samples = super().forward(inputs, **kwargs)
        else:
            record, batches = inputs
            tiles: list[AnomalyDataSample] = []
            for batch in batches:
                tiles += super().forward(batch, **kwargs)
            samples = [whole_scan(record, tiles)]
        if self.threshold is not None:
            label_samples(samples, self.threshold)
        return samples

    def visualize(self, inputs: list[dict], preds: list[AnomalyDataSample], show: bool = False, draw: bool = False,
                  out_dir: str | Path | None = None) -> list[NDArray[np.uint8]]:
        """Pictures of all images on common colour scales; an empty list unless ``draw``."""
        drawn: list[NDArray[np.uint8]] = []
        if not (draw or out_dir):
            return drawn
        scales = scales_of(preds) if self.calibration is None else self.calibration.scales
        limit = None if self.calibration is None else self.calibration.fused.limit
        for number, (record, sample) in enumerate(zip(inputs, preds, strict=True)):
            image = self._loader(dict(record))['img']
            picture = Picture.of(Path(sample.img_path).name, image, sample)
            figure = draw_panel(picture, scales[:1 + len(picture.level_maps)], self.threshold, limit)
            if out_dir:
                save_figure(figure, Path(out_dir) / f'{number:04d}_{Path(sample.img_path).stem}.png')
            if draw:
                drawn.append(figure_array(figure))
        return drawn

    def postprocess(self, preds: list[AnomalyDataSample], visualization: list[NDArray], return_datasample: bool = False,
                    original_size: bool = True) -> dict[str, Any]:
        """Pack the results, see :meth:`__call__`."""
        found = preds if return_datasample else [self._prediction(sample, original_size) for sample in preds]
        return dict(predictions=found, visualization=visualization)

    def _prediction(self, sample: AnomalyDataSample, original_size: bool) -> dict[str, Any]:
        heat, known = sample.anomaly_map.cpu().numpy(), self.threshold is not None
        if original_size:
            if self._crops:
                raise UserError(f'the test pipeline has a {CROP}, so that its maps do not cover the image: give '
                                'original_size=False')
            height, width = sample.ori_shape[:2]
            heat = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR)
        return dict(img_path=sample.img_path, pred_score=float(sample.pred_score), anomaly_map=heat,
                    pred_label=int(sample.pred_label) if known else None,
                    threshold=self.threshold.value if known else None,
                    threshold_origin=self.threshold.origin if known else None)

    def _inputs_to_list(self, inputs: Input | Sequence[Input]) -> list[dict[str, Any]]:
        return as_records(inputs)

    def _init_model(self, cfg: Config, weights: str, device: str = 'cpu') -> nn.Module:
        checkpoint = Checkpoint.open(weights)
        model = load_model(cfg, checkpoint, device)
        model.calibration = checkpoint.calibration_for(cfg)
        return model

    def _init_pipeline(self, cfg: Config) -> Callable[[dict], dict]:
        dataset = representative(cfg.test_dataloader.dataset, ('type', 'pipeline', 'tile', 'mode', 'overlap'))
        steps = list(dataset['pipeline'])
        names = [step['type'].split('.')[-1] for step in steps]
        if names[:1] != [LOADER]:
            raise UserError(f'the test pipeline of {cfg.filename or "the config"} must begin with {LOADER}, which '
                            'reads images and passes arrays on')
        self._crops, self._cutting = CROP in names, Cutting.of(dataset)
        if self._crops and self._cutting is not None:
            raise UserError(f'the test pipeline has a {CROP}, so that the maps of the tiles do not cover the scan: '
                            'take it out')
        with runtime.explain_errors(cfg):
            pipeline = Compose(steps)
        self._loader = pipeline.transforms[0]
        return lambda record: pipeline(dict(record))

    def _init_visualizer(self, cfg: Config) -> None:
        return None
