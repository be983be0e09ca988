"""What every distillation term is."""
from __future__ import annotations

from torch import Tensor, nn

from fdrd.tracing import DenseTargets, Trace


class DistillationTerm(nn.Module):
    """A distillation loss: ``forward(student, teacher, targets) -> {name: loss}``.

    A new term is one file with one subclass, registered in mmdet's MODELS. It sees traces and targets only and knows
    nothing of pipelines, checkpoints or other terms. Names that contain ``loss`` are summed by mmengine. A term runs
    outside of autocast, on traces in float32; layers of its own may ask for ``student.precision_of_layers()``.

    Attributes:
        hold: Numbers of the tower convolutions whose features the term needs in both traces.
        reads_head: Whether the term needs anything of the teacher's head. If no term does, the head is not computed:
            the teacher's trace then has its neck alone.
    """

    hold: tuple[int, ...] = ()
    reads_head: bool = True

    def build_adapters(self, student_width: int, teacher_width: int) -> None:
        """Create train-time layers, before the optimiser is built. Default: none.

        Args:
            student_width: Channels of the student's head towers.
            teacher_width: Channels of the teacher's.
        """

    def check(self, student: nn.Module, teacher: nn.Module) -> None:
        """Raise :class:`mminspect.core.errors.UserError` if the term cannot join these two detectors. Default:
        accept."""

    def forward(self, student: Trace, teacher: Trace, targets: DenseTargets) -> dict[str, Tensor | list[Tensor]]:
        """Losses by name: scalars, or one scalar per level.

        Args:
            student: Trace with gradient.
            teacher: Trace without gradient.
            targets: The student's label assignment of the same step.
        """
        raise NotImplementedError('a DistillationTerm implements forward(student, teacher, targets)')
