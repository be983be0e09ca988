"""Pictures of a test run."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmdet.structures import DetDataSample
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from fdrd.visualization.pictures import save_pictures
from mminspect.runtime.dataset_cfg import leaf_datasets


@HOOKS.register_module()
class SideBySideHook(Hook):
    """Write ground truth beside prediction for the first images of a test run.

    Args:
        out_dir: Folder for the pictures, relative to the work dir unless absolute.
        score_thr: Predictions below this score (0..1) are not drawn.
        limit: Number of pictures; None for all. In a distributed test only the first process draws.
    """

    def __init__(self, out_dir: str, score_thr: float = 0.3, limit: int | None = 50) -> None:
        self.out_dir, self.score_thr, self.limit = out_dir, score_thr, limit
        self._done = 0

    def before_test(self, runner: Runner) -> None:
        """Start counting anew."""
        self._done = 0

    @master_only
    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                        outputs: Sequence[DetDataSample] | None = None) -> None:
        """Draw this batch unless ``limit`` pictures are there."""
        left = None if self.limit is None else self.limit - self._done
        if not outputs or left == 0:
            return
        dataset = leaf_datasets(runner.test_dataloader.dataset)[0]
        classes, folder = dataset.metainfo.get('classes', ()), Path(runner.work_dir) / self.out_dir
        transforms = getattr(getattr(dataset, 'pipeline', None), 'transforms', ())
        self._done += len(save_pictures(outputs, folder, left, classes, self.score_thr, self._done, transforms))

    @master_only
    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Say where the pictures are."""
        print_log(f'{self._done} pictures of ground truth beside prediction: {Path(runner.work_dir) / self.out_dir}',
                  logger='current')
