"""One image's ground truth and prediction."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from torch import Tensor


class AnomalyDataSample(BaseDataElement):
    """What is known and what is predicted about one image of network input size (H, W).

    Meta information: ``img_path``, ``sample_idx`` (position in the data set), ``ori_shape`` (H0, W0), ``img_shape``
    (H, W), ``defect_type`` ('good' or the name of the defect's folder), ``mask_path`` and, for tiles, ``scan_id``,
    ``scan_shape`` and ``tile``.

    Attributes:
        gt_label: () int, 0 normal or 1 anomalous.
        gt_mask: (H, W) uint8, 1 on defects; absent for an anomalous image without a mask.
        anomaly_map: (H, W) float32, larger is more anomalous; smoothed, on the method's own scale.
        pred_score: () float32, larger is more anomalous.
        level_maps: The method's maps before they were fused, (h_k, w_k) float32 each; absent where it has none.
        pred_label: () int, 1 where ``pred_score`` exceeds ``threshold``; absent without a threshold.
        threshold: The score above which an image is called anomalous.
        synthetic_mask: (H, W) uint8, 1 where training corrupted the image.
    """

    gt_label: Tensor
    gt_mask: Tensor
    anomaly_map: Tensor
    pred_score: Tensor
    level_maps: list[Tensor]
    pred_label: Tensor
    threshold: float
    synthetic_mask: Tensor

    # mmengine converts the tensors of a sample, but not those in its lists
    def to(self, *args: Any, **kwargs: Any) -> AnomalyDataSample:
        """See :meth:`torch.Tensor.to`."""
        return super().to(*args, **kwargs)._with_levels(lambda level: level.to(*args, **kwargs))

    def cpu(self) -> AnomalyDataSample:
        """All tensors on the CPU."""
        return super().cpu()._with_levels(lambda level: level.cpu())

    def cuda(self) -> AnomalyDataSample:
        """All tensors on the GPU."""
        return super().cuda()._with_levels(lambda level: level.cuda())

    def detach(self) -> AnomalyDataSample:
        """All tensors without their history."""
        return super().detach()._with_levels(lambda level: level.detach())

    def numpy(self) -> AnomalyDataSample:
        """All tensors as arrays."""
        return super().numpy()._with_levels(lambda level: level.detach().cpu().numpy())

    def to_tensor(self) -> AnomalyDataSample:
        """All arrays as tensors."""
        return super().to_tensor()._with_levels(torch.from_numpy, np.ndarray)

    def _with_levels(self, convert: Callable[[Any], Any], kind: type = Tensor) -> AnomalyDataSample:
        """This sample, which is a new one, with its level maps converted where they are of this kind."""
        if 'level_maps' in self:
            levels = [convert(level) if isinstance(level, kind) else level for level in self.level_maps]
            self.set_field(levels, 'level_maps')
        return self
