"""Packing of one augmented sample in two views: noisy for the student, clean for the teacher."""
from __future__ import annotations

from mmdet.datasets.transforms import PackDetInputs
from mmdet.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackDualViewInputs(PackDetInputs):
    """mmdet's ``PackDetInputs`` that also packs ``img_clean`` (from :class:`StudentNoise`) as ``inputs_clean``.

    Both views share one set of labels. Without ``img_clean`` the result is that of ``PackDetInputs``.
    """

    def transform(self, results: dict) -> dict:
        """Pack ``results``.

        Returns:
            Keys ``inputs`` (C, H, W), ``data_samples`` and, if there is a clean view, ``inputs_clean`` (C, H, W).

        Raises:
            ValueError: The views differ in size, because a transform after StudentNoise changed ``img`` alone.
        """
        packed = super().transform(results)
        if 'img_clean' in results:
            if results['img_clean'].shape != results['img'].shape:
                raise ValueError(f'img {results["img"].shape} and img_clean {results["img_clean"].shape} differ: '
                                 'put StudentNoise behind every transform that resizes, pads or crops')
            only_image = dict(img=results['img_clean'])
            packed['inputs_clean'] = PackDetInputs(meta_keys=()).transform(only_image)['inputs']
        return packed
