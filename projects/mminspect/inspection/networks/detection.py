"""A single-stage detector of mmdet as one module: pixels in, boxes and scores out."""
from __future__ import annotations

import math
from typing import Any

import torch
from mmdet.registry import DATASETS
from mmengine.config import Config
from torch import Tensor, nn

from mminspect.core.errors import UserError
from mminspect.inspection.spec import Suppression
from mminspect.inspection.tasks.detection import BOXES, SCORES
from mminspect.runtime.dataset_cfg import representative
from mminspect.vision.reading import Reading

from .heads import Decoder, build_decoder, head_of
from .tiles import tiles_of


class DetectionNetwork(nn.Module):
    """Normalisation, backbone, neck and decoded head.

    Args:
        model: mmdet's single-stage detector, or a distilled one: the student. Its parts are used, not copied.
        decoder: The decoder of its head.
    """

    def __init__(self, model: nn.Module, decoder: Decoder) -> None:
        super().__init__()
        mean, std = _statistics(model.data_preprocessor)
        self.reverse = not model.data_preprocessor._channel_conversion  # mmdet reads images as BGR
        self.register_buffer('mean', mean[:, None, None].clone(), persistent=False)
        self.register_buffer('std', std[:, None, None].clone(), persistent=False)
        self.backbone, self.decoder = model.backbone, decoder
        self.neck = model.neck if model.with_neck else nn.Identity()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Detect.

        Args:
            images: (N, H, W, 3) float32, RGB, 0..255, of the decoder's input size.

        Returns:
            Boxes (N, A, 4), x0 y0 x1 y1 in pixels of the input, not clipped, and scores (N, A, classes), 0..1.
        """
        planes = (images.flip(-1) if self.reverse else images).permute(0, 3, 1, 2)
        return self.decoder(self.neck(self.backbone((planes - self.mean) / self.std)))


def detection_network(cfg: Config, model: nn.Module) -> tuple[DetectionNetwork, dict[str, Any]]:
    """The network of a detector, in eval mode, and what a :class:`~mminspect.inspection.spec.NetworkSpec` says of it.

    Args:
        cfg: Its config; the test pipeline gives the input size, the test set the names of the classes.
        model: The detector; its parts are used, not copied, and put into eval mode.

    Returns:
        The network, and the fields kind, classes, input_size, image_size, keep_ratio, pad_rgb, suppression, outputs,
        tile and overlap.

    Raises:
        UserError: The detector has two stages, no decoder is registered for its head, or it consists of parts or has
            settings that need mmdet.
    """
    head = head_of(model, cfg.filename)
    image_size, divisor = _image_size(cfg), model.data_preprocessor.pad_size_divisor
    input_size = tuple(math.ceil(side / divisor) * divisor for side in image_size)  # as the preprocessor pads
    decoder = build_decoder(head, input_size)
    network = DetectionNetwork(model, decoder).eval()
    _check_operators(network, cfg)
    return network, dict(
        kind='detection', classes=_classes(cfg, head.num_classes), input_size=input_size,
        image_size=image_size, keep_ratio=True, pad_rgb=_padding(model.data_preprocessor),
        suppression=_suppression(head.test_cfg, decoder), outputs=(BOXES, SCORES),
        reading=Reading.of_pipeline(_test_set(cfg).get('pipeline') or ()), **tiles_of(_test_set(cfg)))


def _statistics(preprocessor: nn.Module) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (3,) in the order of channels that the backbone sees."""
    if preprocessor._enable_normalize:
        return preprocessor.mean.flatten(), preprocessor.std.flatten()
    return torch.zeros(3), torch.ones(3)


def _padding(preprocessor: nn.Module) -> tuple[float, float, float]:
    """The colour, RGB, that becomes the preprocessor's padding value behind its normalisation."""
    mean, std = _statistics(preprocessor)
    colour = (mean + preprocessor.pad_value * std).tolist()
    return tuple(colour if preprocessor._channel_conversion else colour[::-1])


def _image_size(cfg: Config) -> tuple[int, int]:
    """(H, W) that the test pipeline's Resize fits images into."""
    resize = next((step for step in _test_set(cfg).get('pipeline', ()) if step['type'] == 'Resize'), {})
    if not isinstance(resize.get('scale'), (tuple, list)) or not resize.get('keep_ratio'):
        raise UserError(f'the test pipeline of {cfg.filename} fixes no input size: give it a Resize with '
                        'scale=(width, height) and keep_ratio=True')
    width, height = resize['scale']
    return height, width


def _classes(cfg: Config, count: int) -> tuple[str, ...]:
    """Names of the test set's classes."""
    dataset = _test_set(cfg)
    names = {**getattr(DATASETS.get(dataset.get('type')), 'METAINFO', {}), **dataset.get('metainfo', {})}.get('classes')
    if names is None or len(names) != count:
        raise UserError(f'the test set of {cfg.filename} has {len(names or ())} classes and the head {count}: make '
                        'metainfo.classes and num_classes agree')
    return tuple(names)


def _test_set(cfg: Config) -> dict[str, Any]:
    dataset = (cfg.get('test_dataloader') or {}).get('dataset', {})
    return representative(dataset, ('type', 'pipeline', 'metainfo', 'tile', 'overlap'))


def _suppression(test_cfg: dict[str, Any], decoder: Decoder) -> Suppression:
    nms = dict(test_cfg.nms)
    if nms.pop('type', 'nms') != 'nms' or set(nms) != {'iou_threshold'}:
        raise UserError(f'test_cfg.nms is {dict(test_cfg.nms)}: only dict(type=\'nms\', iou_threshold=...) can be used '
                        'without mmdet')
    return Suppression(
        level_sizes=decoder.level_sizes, score_thr=decoder.score_thr, nms_pre=int(test_cfg.nms_pre),
        iou_threshold=float(nms['iou_threshold']), max_per_img=int(test_cfg.max_per_img),
        min_size=max(-1.0, float(test_cfg.get('min_bbox_size', -1))), clip=decoder.clip)


def _check_operators(network: DetectionNetwork, cfg: Config) -> None:
    """No part is left that runs mmcv's compiled operators."""
    compiled = {type(part).__name__ for part in network.modules() if type(part).__module__.startswith('mmcv.ops')}
    if foreign := sorted(compiled - set(network.decoder.replaced)):
        raise UserError(f'{cfg.filename} uses {", ".join(foreign)}, for which there are no standard operators: use '
                        'another backbone, neck or head')
