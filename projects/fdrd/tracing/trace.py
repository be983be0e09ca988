"""One forward pass through a dense head, with the tower features that distillation needs."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from mminspect.models.float32_heads import float32_outputs
from mminspect.models.precision import active_autocast, lifted
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
        autocast: What autocast computed the layers in; None: it was off.
    """

    head: nn.Module
    neck: tuple[Tensor, ...]
    held: dict[int, tuple[list[Tensor], list[Tensor]]] = field(default_factory=dict)
    outputs: tuple[list[Tensor], ...] = ()
    autocast: torch.dtype | None = None

    def in_float32(self) -> Trace:
        """The same with float32 in place of what autocast left in half precision."""
        if self.autocast is None:
            return self
        return replace(self, neck=lifted(self.neck), held=lifted(self.held), outputs=lifted(self.outputs))

    def precision_of_layers(self) -> torch.autocast:
        """In this context, layers compute in the precision that those of the trace did: terms, which run outside of
        autocast, put it around convolutions of theirs."""
        return torch.autocast(self.neck[0].device.type, self.autocast, enabled=self.autocast is not None)


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
    with float32_outputs(head):
        for level, x in enumerate(neck):
            ends = [_tower(convs, x, {t: held[t][tower] for t in hold})
                    for tower, convs in enumerate((head.cls_convs, head.reg_convs))]
            levels.append(_outputs(head, layout, level, *ends))
    return Trace(head, tuple(neck), held, tuple(map(list, zip(*levels, strict=True))),
                 active_autocast(neck[0].device.type))


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
        with computing_as(head, dtype), float32_outputs(head):
            for feature, convs in zip(pair, (head.cls_convs, head.reg_convs), strict=True):
                feature = torch.relu(feature) if start else feature
                for conv in convs[start:]:
                    feature = conv(feature)
                finished.append(feature)
            outputs = _outputs(head, layout, level, *finished)
        levels.append([output.to(dtype) for output in outputs] if has_own_precision(head, dtype) else outputs)
    return tuple(map(list, zip(*levels, strict=True)))


def _tower(convs: nn.ModuleList, feature: Tensor, held: dict[int, list[Tensor]]) -> Tensor:
    """Run a tower on one level; the features to be held are appended to ``held``."""
    if 0 in held:
        held[0].append(feature)
    for number, conv in enumerate(convs, start=1):
        if number in held:
            feature = conv(feature, activate=False)
            held[number].append(feature)
            feature = torch.relu(feature)  # not in place: the held feature stays as it is
        else:
            feature = conv(feature)
    return feature


def _outputs(head: nn.Module, layout: HeadLayout, level: int, cls_feature: Tensor, reg_feature: Tensor) -> list[Tensor]:
    reg = getattr(head, layout.reg)(reg_feature)
    outputs = [getattr(head, layout.cls)(cls_feature), head.scales[level](reg).float() if layout.scaled else reg]
    if layout.quality is not None:
        outputs.append(getattr(head, layout.quality)(reg_feature))
    return outputs
