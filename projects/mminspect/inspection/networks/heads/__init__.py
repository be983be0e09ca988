"""Heads of single-stage detectors as modules that give boxes and scores in standard operators."""
from __future__ import annotations

from torch import nn

from mminspect.core.errors import UserError

from .atss import ATSSDecoder
from .decoder import Decoder
from .deltas import DeltaDecoder
from .gfl import GFLDecoder
from .tood import TOODDecoder
from .vfnet import VFNetDecoder

__all__ = ['DECODERS', 'Decoder', 'build_decoder']

#: By the exact class of mmdet's head: what derives from one of them may predict something else.
DECODERS: dict[str, type[Decoder]] = dict(
    ATSSHead=ATSSDecoder, GFLHead=GFLDecoder, RetinaHead=DeltaDecoder, TOODHead=TOODDecoder, VFNetHead=VFNetDecoder,
    YOLOFHead=DeltaDecoder)


def build_decoder(head: nn.Module, input_size: tuple[int, int]) -> Decoder:
    """The decoder of one of mmdet's heads for a network input of (H, W) pixels.

    Raises:
        UserError: No decoder knows the head, or not in these settings.
    """
    name = type(head).__name__
    if name not in DECODERS:
        raise UserError(f'a detector with a {name} cannot be used without mmdet: choose one of {", ".join(DECODERS)}')
    return DECODERS[name](head, input_size)
