import pytest
import torch

from anomaly_rd.postprocess.stitching import stitch_maps
from mminspect.vision.tiling import tile_boxes

SHAPE = (40, 56)


@pytest.mark.parametrize('mode', ['overlap', 'pad'])
def test_small_maps_are_enlarged_and_blended(mode: str) -> None:
    boxes = tile_boxes(*SHAPE, 24, mode)
    ramps = [torch.linspace(x0 + 1, x1 - 1, 12).expand(12, -1) for _, x0, _, x1 in boxes]  # at half the size
    whole = stitch_maps(iter(ramps), boxes, SHAPE)
    assert whole.shape == SHAPE and whole.dtype == torch.float32
    torch.testing.assert_close(whole[:, 8:-8], torch.arange(8.5, 48).expand(40, -1), atol=1.1, rtol=0)


def test_what_no_tile_shows_is_0() -> None:
    boxes = tile_boxes(*SHAPE, 24, 'drop_last')
    whole = stitch_maps([torch.ones(8, 8)] * len(boxes), boxes, SHAPE)
    assert (whole[:24, :48] == 1).all() and not whole[24:].any() and not whole[:, 48:].any()


def test_one_map_for_every_tile() -> None:
    with pytest.raises(ValueError, match='argument 2 is longer'):
        stitch_maps([torch.ones(8, 8)], tile_boxes(*SHAPE, 24), SHAPE)
