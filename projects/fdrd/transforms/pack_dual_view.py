"""Packing of one augmented sample in several views: noisy for the student, clean for the teacher."""
from __future__ import annotations

from mmdet.datasets.transforms import PackDetInputs
from mmdet.registry import TRANSFORMS

from mminspect.models.views import VIEW, views_in


@TRANSFORMS.register_module()
class PackDualViewInputs(PackDetInputs):
    """mmdet's ``PackDetInputs`` that also packs every view ``img_<name>`` as ``inputs_<name>``.

    ``img_clean`` comes from :class:`StudentNoise`. All views share one set of labels. Without further views the result
    is that of ``PackDetInputs``.
    """

    def transform(self, results: dict) -> dict:
        """Pack ``results``.

        Returns:
            Keys ``inputs`` (C, H, W), ``data_samples`` and the views, ``inputs_<name>`` (C, H, W) each.

        Raises:
            ValueError: Views differ in size, because a transform behind the one that made them changed ``img`` alone.
        """
        packed = super().transform(results)
        for name, image in views_in(results).items():
            if image.shape != results['img'].shape:
                raise ValueError(f'img {results["img"].shape} and img_{name.removeprefix(VIEW)} {image.shape} differ: '
                                 'put StudentNoise behind every transform that resizes, pads or crops')
            packed[name] = PackDetInputs(meta_keys=()).transform(dict(img=image))['inputs']
        return packed
