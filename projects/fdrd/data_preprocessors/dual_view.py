"""The same normalisation and padding for both views of a batch."""
from __future__ import annotations

from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.registry import MODELS


@MODELS.register_module()
class DualViewDetDataPreprocessor(DetDataPreprocessor):
    """mmdet's ``DetDataPreprocessor`` that treats ``inputs_clean`` exactly as ``inputs``.

    Raises:
        ValueError: There are ``batch_augments``, which would move the labels of one view away from the other.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.batch_augments is not None:
            raise ValueError('DualViewDetDataPreprocessor takes no batch_augments: augment in the pipeline, '
                             'in front of StudentNoise')

    def forward(self, data: dict, training: bool = False) -> dict:
        """Returns ``inputs`` (N, 3, H, W), ``data_samples`` and, if ``data`` has it, ``inputs_clean`` (N, 3, H, W)."""
        data = dict(data)
        clean = data.pop('inputs_clean', None)
        out = super().forward(data, training)
        if clean is not None:
            out['inputs_clean'] = super().forward(dict(inputs=clean, data_samples=None), training)['inputs']
        return out
