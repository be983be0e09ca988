"""What the decoders of all heads share, and which decoder belongs to which head."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from mminspect.core.errors import UserError
from mminspect.inspection.registry import ClassRegistry


class Decoder(nn.Module):
    """A head of mmdet that gives boxes and scores of all levels at once; priors are constants.

    A family of heads says what its regression means (:meth:`boxes`) and, where it differs, how its maps come about and
    what the scores are.

    Args:
        head: mmdet's head; it is used, not copied.
        input_size: (H, W) of the network's input in pixels.

    Attributes:
        level_sizes: Number of boxes per level, finest level first.
        score_thr: Boxes with this score or less are dropped.
        clip: Whether boxes end at the border of the image.
        replaced: Names of those compiled modules of mmcv in the head that the decoder computes otherwise.

    Raises:
        UserError: The head's classes are no independent sigmoids.
    """

    clip = True
    replaced: tuple[str, ...] = ()

    def __init__(self, head: nn.Module, input_size: tuple[int, int]) -> None:
        super().__init__()
        if not head.use_sigmoid_cls:
            raise UserError(f'the {type(head).__name__} has a class for the background (its loss_cls has no '
                            'use_sigmoid=True), which cannot be used without mmdet')
        self.head = head
        steps = [stride[0] for stride in head.prior_generator.strides]
        # convolutions of stride 2 round up, one after the other or all at once
        self.map_sizes = [tuple(math.ceil(side / step) for side in input_size) for step in steps]
        device = next(head.parameters()).device
        priors = head.prior_generator.grid_priors(self.map_sizes, device=device)
        self.level_sizes = tuple(len(level) for level in priors)
        self.score_thr = float(head.test_cfg.score_thr)
        self.register_buffer('priors', torch.cat(priors), persistent=False)
        strides = torch.repeat_interleave(torch.tensor(steps), torch.tensor(self.level_sizes))
        self.register_buffer('strides', strides[:, None].float().to(device), persistent=False)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Features of all levels, (N, C, ., .) -> boxes (N, A, 4) in pixels of the input, scores (N, A, classes)."""
        classification, regression, *others = (self._joined(maps) for maps in self.maps(features))
        return self.boxes(regression), self.scores(classification, *others)

    def maps(self, features: Sequence[Tensor]) -> Sequence[Sequence[Tensor]]:
        """Classification, regression and what else the head predicts, each a map (N, ., H, W) per level."""
        return self.head(features)

    def boxes(self, regression: Tensor) -> Tensor:
        """Regression (N, A, .) of all levels -> boxes (N, A, 4)."""
        raise NotImplementedError(f'{type(self).__name__} says what its regression means: give it a method boxes')

    def scores(self, classification: Tensor) -> Tensor:
        """Classification (N, A, classes) of all levels -> scores of that shape, 0..1."""
        return classification.sigmoid()

    def _joined(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps (N, ., H, W) of all levels -> (N, A, .); several boxes of one pixel follow each other."""
        return torch.cat([level.permute(0, 2, 3, 1).reshape(level.shape[0], size, -1)
                          for level, size in zip(maps, self.level_sizes, strict=True)], dim=1)


def boxes_around(points: Tensor, distances: Tensor) -> Tensor:
    """Boxes (..., 4) from points (..., 2), x y, and the distances (..., 4) to left, top, right and bottom."""
    return torch.cat([points - distances[..., :2], points + distances[..., 2:]], dim=-1)


def centres(boxes: Tensor) -> Tensor:
    """(..., 4) -> (..., 2), x y."""
    return (boxes[..., :2] + boxes[..., 2:]) / 2


#: By the exact class of the head: what derives from a known one may predict something else.
DECODERS: ClassRegistry[type[Decoder]] = ClassRegistry('head')


def register_decoder(*heads: str) -> Callable[[type[Decoder]], type[Decoder]]:
    """Decorator of a decoder: detectors whose ``bbox_head`` is of one of these classes, by name, come in through it.

    Raises:
        UserError: Another decoder has one of the heads.
    """
    return DECODERS.register(*heads)


def head_of(detector: nn.Module, config: str | None) -> nn.Module:
    """The head that predicts boxes on every place of the features.

    Args:
        detector: mmdet's single-stage detector.
        config: The path of its config, for the message.

    Raises:
        UserError: It has none: it is no detector of one stage.
    """
    head = getattr(detector, 'bbox_head', None)
    if head is None:
        raise UserError(f'{type(detector).__name__} in {config} is a baseline of two stages for comparisons, which is '
                        'not exported: take a single-stage detector, the distilled student for instance')
    return head


def build_decoder(head: nn.Module, input_size: tuple[int, int]) -> Decoder:
    """The decoder of a head for a network input of (H, W) pixels.

    Raises:
        UserError: No decoder is registered for the head, or it does not know these settings.
    """
    name = type(head).__name__
    decoder = DECODERS.get(name)
    if decoder is None:
        raise UserError(f'a detector with a {name} cannot be used without mmdet: choose one of {", ".join(DECODERS)}, '
                        'or import a decoder that is registered for it (mminspect.inspection.networks.heads.'
                        'register_decoder)')
    return decoder(head, input_size)
