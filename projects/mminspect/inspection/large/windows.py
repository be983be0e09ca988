"""Where the windows of a large image lie."""
from __future__ import annotations

from mminspect.core.errors import UserError
from mminspect.vision.tiling import Box, tile_starts


def usual_overlap(tile: int) -> int:
    """Of windows of this side, an eighth, in pixels."""
    return tile // 8


def plan_windows(shape: tuple[int, int], tile: int, overlap: int | None = None) -> list[Box]:
    """Windows of one size that cover an image, row by row.

    A side shorter than a window gets one that reaches over its end, so that every window has the same scale.

    Args:
        shape: (H, W) of the image, in pixels.
        tile: Side of a window.
        overlap: That neighbours have at least, in pixels; an eighth of the window by default. An object that is not
            larger than it lies whole in one window.

    Raises:
        UserError: The tile is not positive, or the overlap not smaller than it.
    """
    if tile < 1:
        raise UserError(f'tiles must have at least one pixel, got {tile}')
    common = usual_overlap(tile) if overlap is None else overlap
    rows, columns = (tile_starts(length, tile, 'overlap' if length > tile else 'pad', common) for length in shape)
    return [(y, x, y + tile, x + tile) for y in rows for x in columns]
