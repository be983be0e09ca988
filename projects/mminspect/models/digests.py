"""What tells files and weights of other bytes apart."""
from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch


def sha256(path: str | Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def weights_sha256(state_dict: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names, shapes and bytes of weights, for those that are no file here; 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, value in sorted(state_dict.items()):
        digest.update(f'{name}{tuple(value.shape)}'.encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def typed_weights_sha256(state_dict: Mapping[str, torch.Tensor]) -> str:
    """As :func:`weights_sha256`, over the types too: the same bytes are other numbers as another type."""
    types = ''.join(f'{name} {value.dtype}\n' for name, value in sorted(state_dict.items()))
    return hashlib.sha256(f'{types}{weights_sha256(state_dict)}'.encode()).hexdigest()
