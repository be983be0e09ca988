from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from anomaly_rd.datasets.transforms import LoadInspectionImage
from mminspect.core.errors import UserError

RGB = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
MASK = (RGB[..., 0] > 200).astype(np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> dict:
    cv2.imwrite(str(tmp_path / 'a.png'), RGB[..., ::-1])
    cv2.imwrite(str(tmp_path / 'm.png'), MASK * 255)
    return dict(img_path=str(tmp_path / 'a.png'), gt_label=1, mask_path=str(tmp_path / 'm.png'))


def test_defective_image_with_its_mask(files: dict) -> None:
    results = LoadInspectionImage()(files)
    np.testing.assert_array_equal(results['img'], RGB)
    np.testing.assert_array_equal(results['gt_mask'], MASK)
    assert results['ori_shape'] == (20, 30)


def test_masks_of_normal_unmasked_and_unknown_images(files: dict) -> None:
    normal = LoadInspectionImage()(dict(files, gt_label=0, mask_path=None))
    assert normal['gt_mask'].shape == (20, 30) and not normal['gt_mask'].any()
    assert 'gt_mask' not in LoadInspectionImage()(dict(files, mask_path=None))
    assert 'gt_mask' not in LoadInspectionImage()(dict(img_path=files['img_path']))


def test_deep_images_and_their_white(files: dict) -> None:
    deep = RGB.astype(np.uint16) * 16
    cv2.imwrite(files['img_path'], deep[..., ::-1])
    assert LoadInspectionImage()(dict(files))['img'].dtype == np.float32
    np.testing.assert_allclose(LoadInspectionImage(max_value=255 * 16)(dict(files))['img'], RGB, rtol=1e-5)


def test_image_that_is_there_already() -> None:
    results = LoadInspectionImage()(dict(img=RGB))
    assert results['img'] is RGB and results['ori_shape'] == (20, 30)


@pytest.mark.parametrize('box', [(4, 8, 12, 16), (12, 22, 24, 34)])
def test_tile(files: dict, box: tuple[int, int, int, int]) -> None:
    results = LoadInspectionImage()(dict(files, tile=box, scan_shape=(20, 30)))
    rows, columns = (np.arange(box[i], box[i + 2]).clip(None, size - 1) for i, size in ((0, 20), (1, 30)))
    np.testing.assert_array_equal(results['img'], RGB[np.ix_(rows, columns)])
    y, x = np.mgrid[box[0]:box[2], box[1]:box[3]]
    np.testing.assert_array_equal(results['gt_mask'], np.where((y < 20) & (x < 30), MASK[np.ix_(rows, columns)], 0))


def test_tile_can_be_changed_without_changing_the_next(files: dict) -> None:
    load, tile = LoadInspectionImage(), dict(tile=(4, 0, 12, 30), scan_shape=(20, 30))
    load(dict(files, **tile))['img'][:] = 0
    np.testing.assert_array_equal(load(dict(files, **tile))['img'], RGB[4:12])


def test_mask_of_another_size(files: dict) -> None:
    cv2.imwrite(files['mask_path'], MASK.T * 255)
    with pytest.raises(UserError, match=r"m\.png' is 20x30, but its image '.*a\.png' is 30x20"):
        LoadInspectionImage()(files)


def test_damaged_file(files: dict) -> None:
    path = Path(files['img_path'])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UserError, match=r"a\.png' cannot be decoded"):
        LoadInspectionImage()(files)


def test_area_of_the_largest_defect(files: dict) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[2:5, 3:7], mask[5, 7], mask[15:18, 20:23] = 255, 255, 255  # 12 and, over a corner, 1 more; 9
    cv2.imwrite(files['mask_path'], mask)
    assert LoadInspectionImage()(dict(files))['defect_area'] == 13
    tile = dict(files, tile=(10, 10, 17, 22), scan_shape=(20, 30))
    assert LoadInspectionImage()(tile)['defect_area'] == 4
    assert 'defect_area' not in LoadInspectionImage()(dict(files, gt_label=0, mask_path=None))
    cv2.imwrite(files['mask_path'], np.zeros((20, 30), np.uint8))
    assert LoadInspectionImage()(dict(files))['defect_area'] == 0


@pytest.mark.parametrize(('orientation', 'expected'), [(True, np.rot90(RGB, -1)), (False, RGB)])
def test_images_are_turned_as_exif_asks_unless_that_is_not_wanted(orientation: bool, expected: np.ndarray,
                                                                  tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6  # to be turned clockwise by a right angle
    Image.fromarray(RGB).save(tmp_path / 'a.png', exif=exif)
    results = LoadInspectionImage(orientation=orientation)(dict(img_path=str(tmp_path / 'a.png')))
    np.testing.assert_array_equal(results['img'], expected)
    assert results['ori_shape'] == expected.shape[:2]


def test_a_white_that_cannot_be() -> None:
    with pytest.raises(UserError, match='max_value of the loader of images is 0'):
        LoadInspectionImage(max_value=0)
