import numpy as np
import pytest
from scipy import ndimage

from anomaly_rd.datasets.transforms import RotateTexture
from mminspect.core.errors import UserError


def run(shape: tuple[int, int], **options) -> dict:
    image = np.random.randint(0, 256, (*shape, 3), dtype=np.uint8)
    mask = (image[..., 0] > 128).astype(np.uint8)
    return dict(RotateTexture(**options).transform(dict(img=image.copy(), gt_mask=mask.copy())), before=(image, mask))


def test_quarter_turns_are_lossless_and_all_occur():
    seen = set()
    for _ in range(40):
        results = run((32, 32), max_angle=0.0)
        turns = [k for k in range(4) if np.array_equal(np.rot90(results['before'][0], k), results['img'])]
        assert len(turns) == 1
        assert np.array_equal(np.rot90(results['before'][1], turns[0]), results['gt_mask'])
        seen |= set(turns)
    assert seen == {0, 1, 2, 3}


def test_oblong_images_keep_their_shape():
    for _ in range(20):
        results = run((32, 64), max_angle=0.0)
        assert any(np.array_equal(np.rot90(results['before'][0], k), results['img']) for k in (0, 2))


def test_small_angle_and_fill():
    """A bright line through the centre leans by what scipy's rotation of it leans by, and corners are 114."""
    image = np.zeros((101, 101, 3), np.uint8)
    image[50] = 255
    angles = []
    for _ in range(40):
        out = RotateTexture(max_angle=5.0).transform(dict(img=image.copy()))['img']
        assert (out == out[..., :1]).all()
        y, x = np.nonzero(out[..., 0] > 200)
        vertical = np.ptp(y) > np.ptp(x)
        angles.append(np.rad2deg(np.arctan(np.polyfit(*((y, x) if vertical else (x, y)), 1)[0])))
        if abs(angles[-1]) > 2:
            assert {int(out[i, j, 0]) for i in (0, -1) for j in (0, -1)} == {114}
    assert -5.2 < min(angles) < -2.5 and 2.5 < max(angles) < 5.2
    assert ndimage.center_of_mass(out[..., 0] > 200) == pytest.approx((50, 50), abs=0.5)


def test_wrong_angle():
    with pytest.raises(UserError, match='max_angle'):
        RotateTexture(max_angle=-1)
