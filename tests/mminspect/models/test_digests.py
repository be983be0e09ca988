"""Identity of files and of weights."""
import hashlib
import random
from pathlib import Path

import torch

from mminspect.models.digests import sha256, typed_weights_sha256, weights_sha256

WEIGHTS = dict(w=torch.arange(600.0).reshape(20, 30), b=torch.tensor([1, 2, 3]))


def test_sha256_of_files_larger_than_a_block(tmp_path: Path) -> None:
    data = random.Random(0).randbytes((1 << 20) + 17)
    (tmp_path / 'a').write_bytes(data)
    assert sha256(tmp_path / 'a') == hashlib.sha256(data).hexdigest()


def test_digest_of_weights_sees_every_part() -> None:
    base = weights_sha256(WEIGHTS)
    assert base == weights_sha256(dict(reversed(WEIGHTS.items())))
    assert len({base, weights_sha256(WEIGHTS | dict(b=WEIGHTS['b'] + 1)), weights_sha256(dict(w=WEIGHTS['w'])),
                weights_sha256(WEIGHTS | dict(w=WEIGHTS['w'].view(30, 20)))}) == 4


def test_the_same_bytes_of_another_type_are_other_weights() -> None:
    other = {name: value.view(torch.int32) for name, value in WEIGHTS.items() if name == 'w'}
    same = dict(w=WEIGHTS['w'])
    assert weights_sha256(same) == weights_sha256(other) and typed_weights_sha256(same) != typed_weights_sha256(other)
    text = f'w torch.float32\n{weights_sha256(same)}'
    assert typed_weights_sha256(same) == hashlib.sha256(text.encode()).hexdigest()
