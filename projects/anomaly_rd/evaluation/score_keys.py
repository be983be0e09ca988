"""Integers in the order of float32 scores."""
from __future__ import annotations

import numpy as np

MAGNITUDE_BITS = 0x7FFFFFFF
KEY_OF_HALF = 0x3F000000  # the key of 0.5; -KEY_OF_HALF - 1 is that of -0.5


def score_keys(scores: np.ndarray) -> np.ndarray:
    """(P,) int32 keys of finite float32 scores (P,), in the same order, neighbours one apart; -0 has the key of 0."""
    bits = (np.asarray(scores, np.float32) + np.float32(0)).view(np.int32)
    return bits ^ ((bits >> 31) & MAGNITUDE_BITS)


def key_scores(keys: np.ndarray) -> np.ndarray:
    """The float32 scores (P,) of int32 keys (P,)."""
    return (keys ^ ((keys >> 31) & MAGNITUDE_BITS)).view(np.float32)


def pixel_keys(scores: np.ndarray) -> np.ndarray:
    """(P,) int64 keys of finite float32 scores (P,), in the same order, and wide apart near 0 and just below 1.

    Equal steps of the key are equal ratios of the score, and in 0.5..1 also of its distance from 1: where a sigmoid or
    a softmax saturates, floats that differ in their last bit only may be all that tells defects from the rest.
    """
    keys = score_keys(scores).astype(np.int64)
    high = np.flatnonzero(scores > np.float32(0.5))
    keys[high] += score_keys(np.minimum(scores[high], np.float32(1)) - np.float32(1)) + np.int64(KEY_OF_HALF + 1)
    return keys
