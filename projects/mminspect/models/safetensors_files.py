"""Weights in safetensors files, with a checksum in the header's metadata: the format itself has none."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from mminspect.core.fileio import replacing

from .digests import typed_weights_sha256

#: Of the checksum in the metadata, which are texts by name.
KEY = 'mminspect.sha256'


def save_weights(weights: Mapping[str, Tensor], path: str | Path) -> None:
    """Write weights with their checksum; a file that is there is replaced as a whole or not at all.

    Raises:
        OSError: No space, no permission.
    """
    own = {name: value.detach().cpu().contiguous().clone() for name, value in weights.items()}  # none shares memory
    with replacing(path) as handle:
        handle.write(save(own, {KEY: typed_weights_sha256(own)}))


def load_weights(path: str | Path) -> dict[str, Tensor]:
    """Read weights onto the CPU, and compare the checksum where there is one: files of others have none.

    Raises:
        ValueError: The checksum differs.
        safetensors.SafetensorError: It is no such file, or damaged.
    """
    with safe_open(path, framework='pt', device='cpu') as file:
        expected = (file.metadata() or {}).get(KEY)
    weights = load_file(path, device='cpu')
    if expected is not None and expected != typed_weights_sha256(weights):
        raise ValueError('the checksum of the weights differs')
    return weights
