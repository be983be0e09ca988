"""Weights in safetensors files, and what a flipped bit does."""
from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from mminspect.core.errors import UserError
from mminspect.models.checkpoint import Checkpoint
from mminspect.models.safetensors_files import KEY, load_weights, save_weights

_BASE = torch.arange(12.0).reshape(3, 4)
WEIGHTS = {'a.weight': _BASE, 'a.turned': _BASE.T, 'half': torch.ones(2, 3, dtype=torch.bfloat16),
           'empty': torch.ones(0), 'count': torch.tensor(7), 'flags': torch.tensor([True, False])}


def header_of(path: Path) -> tuple[int, dict]:
    """Where the bytes of the weights begin, and the header, by the format's own description."""
    data = path.read_bytes()
    length, = struct.unpack('<Q', data[:8])
    return 8 + length, json.loads(data[8:8 + length])


def test_what_is_written_is_read_by_us_and_by_others(tmp_path: Path) -> None:
    path = tmp_path / 'new' / 'a.safetensors'
    save_weights(WEIGHTS, path)
    for found in (load_weights(path), load_file(path), Checkpoint.open(path).weights):
        assert found.keys() == WEIGHTS.keys()
        assert all(found[name].dtype == value.dtype and torch.equal(found[name], value)
                   for name, value in WEIGHTS.items())
    assert len(header_of(path)[1]['__metadata__'][KEY]) == 64


def test_every_flipped_bit_of_the_weights_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / 'a.safetensors'
    save_weights(WEIGHTS, path)
    data, (start, _) = path.read_bytes(), header_of(path)
    for place in range(start, len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises((ValueError, UserError)):
            load_weights(path)
    with pytest.raises(UserError, match=r'a\.safetensors is damaged or cut short .*: copy or train it again'):
        Checkpoint.open(path)


@pytest.mark.parametrize(('word', 'other'), [('a.weight', 'b.weight'), ('F32', 'I32'), ('[3,4]', '[4,3]')])
def test_names_types_and_shapes_count_too(tmp_path: Path, word: str, other: str) -> None:
    path = tmp_path / 'a.safetensors'
    save_weights({'a.weight': WEIGHTS['a.weight']}, path)
    path.write_bytes(path.read_bytes().replace(word.encode(), other.encode(), 1))
    assert load_file(path)
    with pytest.raises(ValueError, match='checksum'):
        load_weights(path)


def test_files_of_others_are_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / 'a.safetensors'
    own = {name: value.clone().contiguous() for name, value in WEIGHTS.items()}
    for metadata in (None, {'format': 'pt'}):
        save_file(own, path, metadata)
        start, _ = header_of(path)
        data = bytearray(path.read_bytes())
        data[start] ^= 1
        path.write_bytes(data)
        assert load_weights(path).keys() == WEIGHTS.keys()


def test_the_description_of_the_file_stays_that_of_the_format(tmp_path: Path) -> None:
    save_weights(WEIGHTS, tmp_path / 'a.safetensors')
    with safe_open(tmp_path / 'a.safetensors', framework='np') as file:
        assert sorted(file.keys()) == sorted(WEIGHTS) and list(file.metadata()) == [KEY]
