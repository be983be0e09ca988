"""A checkpoint remembers which teacher it belongs to."""
from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from anomaly_rd.registry import HOOKS
from mminspect.engine import unwrap
from mminspect.models.checkpoint import TEACHER_KEY
from mminspect.models.contract import contract_of


@HOOKS.register_module()
class TeacherIdentityHook(Hook):
    """Put the SHA-256 of a teacher that is not in the checkpoint into it, as key ``teacher_sha256``.

    With other teacher weights of the same shapes the trained half would still load, and give wrong numbers.
    :func:`mminspect.runtime.check_checkpoint` compares.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add the key where the model has such a teacher."""
        digest = contract_of(unwrap(runner.model)).teacher_sha256()
        if digest is not None:
            checkpoint[TEACHER_KEY] = digest
