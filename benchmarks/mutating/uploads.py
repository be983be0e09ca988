"""The same pictures, sent to the station by strangers under any name."""
from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np

from .case import Answer, Kind, Mutant, Verdict
from .images import mutant, same

NAMES = ('a.png', '', '../../etc/passwd', 'C:\\x\\y.jpg', 'a\0b.png', 'x' * 5000, '=cmd|calc.png', '划痕.tif', ' ',
         'CON', '\u202egnp.exe', 'a\r\nSet-Cookie: x', '<script>.png', '.', '/')


class UploadKind(Kind):
    """Through what decides on an upload, behind the multipart parser, which is Django's."""

    name = 'uploads'

    def prepare(self) -> None:
        """See :meth:`Kind.prepare`."""
        from mminspect.station import uploads
        self._uploads = uploads

    def make(self, chance: random.Random, folder: Path) -> Mutant:
        """See :meth:`Kind.make`."""
        made, _, data = mutant(chance)
        (folder / 'body').write_bytes(data)
        (folder / 'name').write_text(chance.choice(NAMES), encoding='utf-8')
        if made.verdict is Verdict.RIGHT and made.operator.startswith('png with palette'):
            return Mutant(made.operator, Verdict.EITHER, made.content)
        return made

    def attempt(self, folder: Path) -> Answer:
        """The decoded picture; what is refused is refused as the station's answer says it."""
        from mminspect.core.errors import UserError
        name = (folder / 'name').read_text(encoding='utf-8')
        try:
            taken = self._uploads.check_upload(io.BytesIO((folder / 'body').read_bytes()), name,
                                               self._uploads.Limits(), folder)
        except self._uploads.UploadError as error:
            raise UserError(error.message) from error
        return Answer(np.asarray(taken.pixels, float))

    def equal(self, expected: tuple[np.ndarray, float], found: np.ndarray) -> bool:
        """The pixels that the file stands for."""
        return expected[0] is None or same(expected[0], found, expected[1])
