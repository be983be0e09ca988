"""What a run does for its teacher: statistics for a random one, and the identity of one that checkpoints leave out."""
from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from mmengine import dist
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor

from anomaly_rd.registry import HOOKS
from mminspect.engine import unwrap
from mminspect.models.checkpoint import TEACHER_KEY
from mminspect.models.contract import contract_of

from .holdout import build_holdout, training_images


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


@HOOKS.register_module()
class TeacherStatisticsHook(Hook):
    """Before training, give the BatchNorms of a random teacher the statistics of the training images.

    The images are the first ones of the training set, prepared as in the test. Teachers with loaded weights, and random
    ones that a checkpoint has brought along with their statistics, stay as they are. All processes get the statistics
    of the first.

    Args:
        batches: At most so many batches are used.
    """

    def __init__(self, batches: int = 20) -> None:
        self.batches = batches

    def before_train(self, runner: Runner) -> None:
        """Calibrate the teacher where it needs that."""
        model = unwrap(runner.model)
        teacher = getattr(model, 'teacher', None)
        if not getattr(teacher, 'is_random', False) or teacher.has_statistics:
            return

        # a loader of its own: whoever leaves the middle of the training's takes images from the training
        loader = build_holdout(training_images(runner.cfg))

        def images() -> Iterator[Tensor]:
            for data in islice(loader, self.batches):
                yield model.data_preprocessor(data, True)['inputs']

        teacher.calibrate(images())
        for tensor in teacher.state_dict().values():
            dist.broadcast(tensor, src=0)
        print_log('The random teacher has got BatchNorm statistics of training images.', logger='current')
