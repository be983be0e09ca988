"""From a dict of arrays to the network's input and its data sample."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from torch import Tensor

from anomaly_rd.registry import TRANSFORMS
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.views import views_in

META_KEYS = ('img_path', 'sample_idx', 'ori_shape', 'img_shape', 'crop', 'defect_type', 'defect_area', 'mask_path',
             'scan_id', 'scan_shape', 'scan_label', 'tile')


@TRANSFORMS.register_module()
class PackAnomalyInputs(BaseTransform):
    """End of every pipeline.

    Args:
        meta_keys: What goes into the data sample's meta information, where it is known.
    """

    deterministic = True

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack ``results``.

        Returns:
            ``inputs`` (3, H, W), RGB of 0..255, uint8 or float32; ``data_samples`` with ``gt_label``, ``gt_mask`` and
            ``synthetic_mask`` where they are known; ``inputs_<name>`` (3, H, W) for every ``img_<name>`` (H, W, 3) that
            is an array, a further view of the image such as ``img_corrupt``.
        """
        sample = AnomalyDataSample(metainfo={key: results[key] for key in self.meta_keys if key in results})
        if results.get('gt_label') is not None:
            sample.gt_label = torch.tensor(int(results['gt_label']))
        for key in ('gt_mask', 'synthetic_mask'):
            if key in results:
                setattr(sample, key, torch.from_numpy(results[key].astype(np.uint8)))
        views = {name: _channels_first(image) for name, image in views_in(results).items()}
        return dict(inputs=_channels_first(results['img']), data_samples=sample, **views)


def _channels_first(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image.transpose(2, 0, 1).copy())
