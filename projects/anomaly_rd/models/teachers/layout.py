"""What the trained half of a reverse distillation must know of its teacher."""
from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from mminspect.core.errors import UserError


@dataclass(frozen=True)
class TeacherLayout:
    """Widths and strides of a teacher's levels 1 to 3 and the blocks that its mirror image is built from.

    A pyramid (ResNet) halves maps from level to level, a column (vision transformer) keeps the grid of its patches:
    strides (14, 14, 14). Levels are brought to each other's size by whole factors.

    Attributes:
        channels: Channels (c1, c2, c3) of the three levels.
        block: Kind of residual block.
        depth: The ResNet whose block counts apply: 18, 34 or 50.
        wide: Whether bottleneck blocks are those of Wide ResNet-50-2.
        strides: Pixels of the image for a step in each level, from the finest level on.

    Raises:
        UserError: There are not as many strides as channels, or one of them is not a multiple of the one before.
    """

    channels: tuple[int, ...]
    block: Literal['basic', 'bottleneck'] = 'basic'
    depth: int = 18
    wide: bool = False
    strides: tuple[int, ...] = (4, 8, 16)

    def __post_init__(self) -> None:
        if len(self.strides) != len(self.channels) or any(b % a for a, b in pairwise(self.strides)):
            raise UserError(f'the teacher has {len(self.channels)} levels of strides {self.strides}, but there must be '
                            'one stride a level and each a multiple of the one before, because levels are brought to '
                            "each other's size by whole factors: choose other levels (out_indices of a backbone)")

    @property
    def factors(self) -> tuple[int, ...]:
        """How many times smaller each level's map is than the one before, the embedding's last: (2, 2, 2) for a ResNet.

        The embedding halves level 3 of a pyramid; of a column it keeps the grid, as a whole number of patches need not
        be even.
        """
        between = [b // a for a, b in pairwise(self.strides)]
        return (*between, 2 if self.strides[-1] > self.strides[0] else 1)

    @property
    def grid(self) -> int:
        """Sides of images must be multiples of so many pixels: the stride of the embedding."""
        return self.strides[-1] * self.factors[-1]

    @property
    def embedding_channels(self) -> int:
        """Channels of the bottleneck's output, whose stride is :attr:`grid`."""
        return 2 * self.channels[2]

    @property
    def embedding_blocks(self) -> int:
        """Blocks of a ResNet's fourth stage."""
        return 2 if self.depth == 18 else 3

    @property
    def decoder_blocks(self) -> tuple[int, int, int]:
        """Blocks of the decoder's stages from deep to shallow: a ResNet's counts in decoding order."""
        return (2, 2, 2) if self.depth == 18 else (3, 4, 6)
