"""The same normalisation and padding for all views of a batch."""
from __future__ import annotations

from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.registry import MODELS

from mminspect.models.views import VIEW


@MODELS.register_module()
class DualViewDetDataPreprocessor(DetDataPreprocessor):
    """mmdet's ``DetDataPreprocessor`` that treats every view ``inputs_<name>`` exactly as ``inputs``.

    Raises:
        ValueError: There are ``batch_augments``, which would move the labels of one view away from the other.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.batch_augments is not None:
            raise ValueError('DualViewDetDataPreprocessor takes no batch_augments: augment in the pipeline, '
                             'in front of StudentNoise')

    def forward(self, data: dict, training: bool = False) -> dict:
        """Returns ``inputs`` (N, 3, H, W), ``data_samples`` and the views of ``data``, ``inputs_<name>`` (N, 3, H, W)
        each, such as ``inputs_clean``."""
        views = {name: images for name, images in data.items() if name.startswith(VIEW)}
        out = super().forward({name: value for name, value in data.items() if name not in views}, training)
        for name, images in views.items():
            out[name] = super().forward(dict(inputs=images, data_samples=None), training)['inputs']
        return out
