"""Parameters and FLOPs of a detector or an anomaly model at a given input size."""
from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from mmengine.config import Config
from torch import Tensor, nn

from mminspect.core.errors import UserError
from mminspect.models.building import build_model, load_model
from mminspect.models.checkpoint import Checkpoint
from mminspect.models.contract import contract_of

from .op_counter import OpCounter, counting

#: Smaller inputs vanish in a backbone of stride 32.
MINIMUM_SIDE = 32

#: What mmengine's counter leaves out, so that totals can be compared with published ones.
NEVER_COUNTED = ('element-wise operations, activations, max pooling, softmax, sampling of regions (RoI Align), '
                 'decoding of boxes and NMS')


@dataclass(frozen=True)
class Complexity:
    """Cost of one forward pass up to the raw outputs of the heads, for one image.

    Attributes:
        shape: Input (height, width) in pixels.
        trainable: Parameters with gradients; the paper's "params".
        params: All parameters, frozen ones too; what a checkpoint holds besides buffers.
        counted: Multiply-adds by operator.
        uncounted: Multiply-adds that are known but, as in mmengine, not part of ``flops``.
        proposals: Number of regions that a two-stage detector's second stage was counted with, else None.
    """

    shape: tuple[int, int]
    trainable: int
    params: int
    counted: dict[str, int]
    uncounted: dict[str, int]
    proposals: int | None

    @property
    def flops(self) -> int:
        """Total; one multiply-add counts as one (mmengine's ``get_model_complexity_info``)."""
        return sum(self.counted.values())


def complexity_of(cfg: Config, shape: tuple[int, int] = (800, 1280), checkpoint: str | None = None) -> Complexity:
    """Cost of ``cfg.model`` at an input of 1 x 3 x H x W. Without a checkpoint, no teacher's files are needed.

    Args:
        cfg: Config of any anomaly model, which counts with all that a prediction needs (a teacher), or of any detector
            of mmdet's registry. A ``DistilledDetector`` counts as its student.
        shape: (H, W) in pixels.
        checkpoint: Needed by models that keep what they saw (a memory bank), whose cost depends on how much that is;
            no other reads weights.

    Raises:
        UserError: The input is too small, the config names an unknown component, the checkpoint is missing, damaged or
            of another model, or the model cannot be run on an image without content.
    """
    if min(shape) < MINIMUM_SIDE:
        raise UserError(f'the input must have at least {MINIMUM_SIDE} pixels a side, got {shape[0]} x {shape[1]}')
    opened = checkpoint and Checkpoint.open(checkpoint)
    try:
        return _measure(cfg, shape, 'meta', opened)
    except Exception:
        # Some detectors read values of tensors on their way, which tensors without data cannot give. And a mistake
        # in the config fails again, with the same message.
        pass
    try:
        return _measure(cfg, shape, 'cpu', opened)
    except (RuntimeError, ValueError, AssertionError, IndexError) as error:
        hint = '' if checkpoint else '; a model that is fitted on data needs its checkpoint'
        raise UserError(f'{cfg.model.type} cannot be counted at {shape[0]} x {shape[1]}: '
                        f'{str(error) or type(error).__name__}{hint}') from error


def _measure(cfg: Config, shape: tuple[int, int], device: str, checkpoint: Checkpoint | None) -> Complexity:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # torch has a line for every tensor that keeps no data
        model = load_model(cfg, checkpoint).to(device) if checkpoint else build_model(cfg, device, teacher_files=False)
    params = contract_of(model).inference_parameters()
    image = torch.zeros(1, 3, *shape, device=device)
    proposals = _fix_proposals(model, image) if hasattr(model, 'roi_head') else None
    counter = _forward(model, image)
    return Complexity(shape, sum(p.numel() for p in params if p.requires_grad), sum(p.numel() for p in params),
                      dict(counter.counted), dict(counter.uncounted), proposals)


def _forward(model: nn.Module, image: Tensor) -> OpCounter:
    """Count one pass from the (1, 3, H, W) image to the raw outputs."""
    from mmdet.structures import DetDataSample
    from mmengine.structures import InstanceData
    shape = tuple(image.shape[2:])
    sample = DetDataSample(metainfo=dict(
        img_shape=shape, ori_shape=shape, pad_shape=shape, batch_input_shape=shape, scale_factor=(1.0, 1.0)))
    # Some detectors take the labels apart without looking at them.
    sample.gt_instances = InstanceData(bboxes=image.new_zeros(0, 4), labels=image.new_zeros(0, dtype=torch.long))
    with counting() as counter:
        model(image, [sample], mode='tensor')
    return counter


def _fix_proposals(model: nn.Module, image: Tensor) -> int | None:
    """Let the second stage of ``model`` see as many regions as it allows, whatever the first one finds.

    How many survive NMS depends on weights and image; the cost is stated for the most there can be.

    Returns:
        That number, or None where the regions are learnt, so that there is nothing to fix.
    """
    from mmdet.models.roi_heads.roi_extractors import BaseRoIExtractor
    from mmengine.structures import InstanceData
    for module in model.modules():
        if isinstance(module, BaseRoIExtractor):
            module.forward = _shape_only(module)
    head = getattr(model, 'rpn_head', None)
    if head is None or type(head).forward is nn.Module.forward:
        return None
    count = model.test_cfg.rpn.max_per_img
    regions = InstanceData(bboxes=image.new_zeros(count, 4), scores=image.new_zeros(count),
                           labels=image.new_zeros(count, dtype=torch.long))

    def predict(features: tuple[Tensor, ...], *args: object, **kwargs: object) -> list[InstanceData]:
        head(features)
        return [regions]

    head.predict = predict
    return count


def _shape_only(extractor: nn.Module) -> Callable[..., Tensor]:
    """RoI Align's result for (n, 5) regions without its work: (n, C, h, w) of arbitrary values."""
    def forward(features: tuple[Tensor, ...], rois: Tensor, *args: object) -> Tensor:
        return features[0].new_empty(len(rois), extractor.out_channels, *extractor.roi_layers[0].output_size)
    return forward


def report(cost: Complexity, name: str) -> str:
    """A few lines for a terminal."""
    lines = [
        name,
        f'  input        1 x 3 x {cost.shape[0]} x {cost.shape[1]} (height x width)',
        f'  parameters   {cost.trainable:,} trainable, {cost.params:,} in all',
        f'  FLOPs        {cost.flops / 1e9:.3f} G, one multiply-add counted once',
        *(_line(label, value) for label, value in cost.counted.items()),
    ]
    if cost.proposals:
        lines.append(f'               with {cost.proposals} regions in the second stage')
    lines += ['  not counted',
              *(_line(label, value) for label, value in cost.uncounted.items()),
              f'               {NEVER_COUNTED}']
    return '\n'.join(lines)


def _line(label: str, value: int) -> str:
    size = f'{value / 1e9:9.3f} G' if value >= 5e5 else f'{value / 1e6:9.3f} M'
    return f'                 {size}  {label}'
