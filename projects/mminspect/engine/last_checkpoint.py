"""Checkpoints of which the last one is never given up before the next is whole."""
from __future__ import annotations

from collections import deque

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class KeepLastCheckpointHook(CheckpointHook):
    """``CheckpointHook`` that removes an outdated checkpoint after the new one is saved.

    mmengine removes it before: whoever interrupts the saving, or fills the disk with it, has no checkpoint left.
    Arguments are those of ``CheckpointHook``; one checkpoint more than ``max_keep_ckpts`` needs room on the disk.
    """

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        limit = self.max_keep_ckpts
        if limit <= 0:  # all are kept
            super()._save_checkpoint_with_step(runner, step, meta)
            return
        self.keep_ckpt_ids = deque(self.keep_ckpt_ids, limit + 1)
        self.max_keep_ckpts = limit + 1
        try:
            super()._save_checkpoint_with_step(runner, step, meta)
        finally:
            self.max_keep_ckpts = limit
        while len(self.keep_ckpt_ids) > limit:
            self._remove(self.keep_ckpt_ids.popleft())
        runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))

    def _remove(self, step: int) -> None:
        path = self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(step))
        if is_main_process() and self.file_backend.isfile(path):
            self.file_backend.remove(path)
