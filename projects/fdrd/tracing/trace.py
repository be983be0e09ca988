"""One forward pass through a dense head, with the tower features that distillation needs."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from mminspect.models.teacher import computing_as, has_own_precision

from .layout import HeadLayout, layout_of


@dataclass(frozen=True)
class Trace:
    """Everything a distillation term may look at of one detector and one batch. Lists have one entry per level.

    Attributes:
        head: The head that produced it.
        neck: Neck outputs, (N, C, H_l, W_l).
        held: Held tower features by convolution number t: a pair (cls tower, reg tower) of lists of (N, C, H_l, W_l),
            taken behind the norm of convolution t and before its ReLU; t = 0 is the neck output itself.
        outputs: The head's own return value: lists of class scores, box outputs and, for ATSS, centernesses; empty
            where nobody asked for it.
    """

    head: nn.Module
    neck: tuple[Tensor, ...]
    held: dict[int, tuple[list[Tensor], list[Tensor]]] = field(default_factory=dict)
    outputs: tuple[list[Tensor], ...] = ()

    def to(self, dtype: torch.dtype) -> Trace:
        """The same with maps of another dtype."""
        def cast(maps: Iterable[Tensor]) -> list[Tensor]:
            return [x.to(dtype) for x in maps]

        held = {t: (cast(cls), cast(reg)) for t, (cls, reg) in self.held.items()}
        return Trace(self.head, tuple(cast(self.neck)), held, tuple(cast(maps) for maps in self.outputs))


def trace_head(head: nn.Module, neck: tuple[Tensor, ...], hold: Iterable[int] = ()) -> Trace:
    """Run ``head`` on ``neck``; the outputs are those of ``head(neck)``.

    Args:
        head: A head that :func:`fdrd.tracing.layout_of` knows.
        neck: One map per level, (N, C, H_l, W_l).
        hold: Numbers t of the tower convolutions to hold, 0..stacked_convs.
    """
    layout, hold = layout_of(head), frozenset(hold)
    held = {t: ([], []) for t in hold}
    levels = []
    for level, x in enumerate(neck):
        features = []
        for tower, convs in enumerate((head.cls_convs, head.reg_convs)):
            feature = x
            if 0 in hold:
                held[0][tower].append(x)
            for number, conv in enumerate(convs, start=1):
                if number in hold:
                    feature = conv(feature, activate=False)
                    held[number][tower].append(feature)
                    feature = torch.relu(feature)  # not in place: the held feature stays as it is
                else:
                    feature = conv(feature)
            features.append(feature)
        levels.append(_outputs(head, layout, level, *features))
    return Trace(head, tuple(neck), held, tuple(map(list, zip(*levels, strict=True))))


def resume_towers(head: nn.Module, cls_features: list[Tensor], reg_features: list[Tensor],
                  start: int) -> tuple[list[Tensor], ...]:
    """Finish the forward pass of ``head`` from held features.

    That is: the ReLU (if ``start > 0``), the convolutions from number ``start + 1`` on, the output convolutions. A head
    whose weights are in half precision computes in it (a teacher's dtype); the outputs have the features' dtype.

    Args:
        head: The head whose remaining layers are used.
        cls_features: Features of the cls tower before the ReLU of convolution ``start``, (N, C, H_l, W_l) per level.
        reg_features: The same of the reg tower.
        start: Number of tower convolutions already done.

    Returns:
        As ``head.forward``.
    """
    layout = layout_of(head)
    levels = []
    for level, pair in enumerate(zip(cls_features, reg_features, strict=True)):
        finished, dtype = [], pair[0].dtype
        with computing_as(head, dtype):
            for feature, convs in zip(pair, (head.cls_convs, head.reg_convs), strict=True):
                feature = torch.relu(feature) if start else feature
                for conv in convs[start:]:
                    feature = conv(feature)
                finished.append(feature)
            outputs = _outputs(head, layout, level, *finished)
        levels.append([output.to(dtype) for output in outputs] if has_own_precision(head, dtype) else outputs)
    return tuple(map(list, zip(*levels, strict=True)))


def _outputs(head: nn.Module, layout: HeadLayout, level: int, cls_feature: Tensor, reg_feature: Tensor) -> list[Tensor]:
    reg = getattr(head, layout.reg)(reg_feature)
    outputs = [getattr(head, layout.cls)(cls_feature), head.scales[level](reg).float() if layout.scaled else reg]
    if layout.quality is not None:
        outputs.append(getattr(head, layout.quality)(reg_feature))
    return outputs
