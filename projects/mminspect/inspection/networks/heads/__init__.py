"""Heads of single-stage detectors as modules that give boxes and scores in standard operators.

A head of somebody else is one file: a class that derives from :class:`Decoder`, registered by :func:`register_decoder`.
"""
from . import anchors, tood, vfnet  # noqa: F401 (register their decoders)
from .decoder import DECODERS, Decoder, boxes_around, build_decoder, centres, head_of, register_decoder

__all__ = ['DECODERS', 'Decoder', 'boxes_around', 'build_decoder', 'centres', 'head_of', 'register_decoder']
