"""Seeded damage to the headers of every form: one sentence, and what the probe accepts is read."""
from __future__ import annotations

import random
from pathlib import Path

import pytest

from image_forms import Form, forms, write
from mminspect.core.errors import UserError
from mminspect.vision.image_files import probe_image
from mminspect.vision.images import image_shape, read_image, read_mask

KINDS = ('tif', 'png', 'jpg', 'bmp', 'webp', 'jp2')
#: Bytes from the start of a file that are damaged.
HEADER = 400


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Bytes that are changed, lost, put in or cut off, most of them in the header."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        place = rng.randrange(len(found) if rng.random() < 0.2 else min(len(found), HEADER))
        what = rng.random()
        if what < 0.6:
            found[place] = rng.randrange(256) if what < 0.4 else found[place] ^ (1 << rng.randrange(8))
        elif what < 0.75:
            found[place:place + 4] = rng.choice((bytes(4), b'\xff' * 4, b'\x7f\xff\xff\xff', b'\0\0\0\1', b'\1\0\0\0'))
        elif what < 0.85:
            del found[place:place + rng.randrange(1, 8)]
        elif what < 0.95:
            found[place:place] = rng.randbytes(rng.randrange(1, 8))
        else:
            del found[place + 1:]
    return bytes(found)


@pytest.mark.parametrize('kind', KINDS)
def test_damage_is_one_sentence_and_what_is_accepted_is_read(tmp_path: Path, kind: str) -> None:
    rng = random.Random(kind)
    known = [form for form in forms() if form.name.endswith(kind)]
    accepted = 0
    for _ in range(60):
        form = rng.choice(known)
        white = form.max_value if rng.random() < 0.7 else None
        path = write(Form(f'a.{kind}', damaged(form.data, rng)), tmp_path)
        probe = probe_image(path, max_value=white)
        try:
            size = read_image(path, white).shape[1::-1]
        except UserError as error:
            assert '\n' not in str(error) and str(path) in str(error)
            size = None
        accepted += probe.problem is None
        assert probe.problem is not None or probe.size == size, form.name
        for read in (read_mask, image_shape):
            try:
                read(path)
            except UserError:
                continue
    assert accepted == 0 if kind == 'png' else 0 < accepted < 60  # every byte of a PNG is under a check sum
