"""What the trained half of a reverse distillation must know of its teacher."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TeacherLayout:
    """Widths of a teacher's levels 1 to 3 (strides 4, 8, 16) and the blocks that its mirror image is built from.

    Attributes:
        channels: Channels (c1, c2, c3) of the three levels.
        block: Kind of residual block.
        depth: The ResNet whose block counts apply: 18, 34 or 50.
        wide: Whether bottleneck blocks are those of Wide ResNet-50-2.
    """

    channels: tuple[int, int, int]
    block: Literal['basic', 'bottleneck'] = 'basic'
    depth: int = 18
    wide: bool = False

    @property
    def embedding_channels(self) -> int:
        """Channels of the bottleneck's output, which has stride 32."""
        return 2 * self.channels[2]

    @property
    def embedding_blocks(self) -> int:
        """Blocks of a ResNet's fourth stage."""
        return 2 if self.depth == 18 else 3

    @property
    def decoder_blocks(self) -> tuple[int, int, int]:
        """Blocks of the decoder's stages from deep to shallow: a ResNet's counts in decoding order."""
        return (2, 2, 2) if self.depth == 18 else (3, 4, 6)
