"""Images of every depth as a detector sees them."""
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS
from mmengine.dataset import Compose
from PIL import Image

from fdrd.transforms import LoadInspectionImage, LoadTile, read_for_display
from mminspect.core.errors import UserError
from mminspect.vision.images import read_image

COLOUR = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)
DEEP = np.random.default_rng(1).integers(0, 4096, (37, 53, 3), dtype=np.uint16)


def load(path: Path, **options: object) -> dict:
    return LoadInspectionImage(**options)(dict(img_path=str(path)))


@pytest.mark.parametrize('form', ['colour', 'grey', 'alpha', 'palette', 'one bit', 'jpeg', 'bmp', 'tiff', 'webp'])
def test_eight_bits_are_those_of_mmcv(tmp_path: Path, form: str) -> None:
    image = Image.fromarray(COLOUR)
    image = dict(grey=image.convert('L'), alpha=image.convert('RGBA'), palette=image.quantize(17)).get(form, image)
    image = image.convert('1') if form == 'one bit' else image
    path = tmp_path / f'a.{dict(jpeg="jpg", bmp="bmp", tiff="tif", webp="webp").get(form, "png")}'
    image.save(path)
    found, expected = load(path), LoadImageFromFile()(dict(img_path=str(path)))
    np.testing.assert_array_equal(found['img'], expected['img'])
    assert found['img'].dtype == np.uint8 and found['img'].flags.c_contiguous
    assert found['img_shape'] == found['ori_shape'] == expected['ori_shape'] == (37, 53)


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_deeper_images_keep_their_precision(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f'a{suffix}'
    cv2.imwrite(str(path), DEEP)  # blue, green, red
    found = load(path, max_value=4095)['img']
    assert found.dtype == np.float32 and found.flags.c_contiguous
    np.testing.assert_allclose(found, DEEP / 4095 * 255, rtol=1e-6)
    np.testing.assert_allclose(load(path)['img'], DEEP / 65535 * 255, rtol=1e-6)
    np.testing.assert_array_equal(found[..., ::-1], read_image(path, 4095))  # as inspection reads it
    assert found.max() - found.min() > 250 and len(np.unique(found)) > 256


def test_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(COLOUR).save(tmp_path / 'a.png', exif=exif)
    turned, as_stored = load(tmp_path / 'a.png'), load(tmp_path / 'a.png', orientation=False)
    np.testing.assert_array_equal(as_stored['img'], COLOUR[..., ::-1])
    np.testing.assert_array_equal(turned['img'], np.rot90(COLOUR[..., ::-1], -1))
    assert (as_stored['img_shape'], turned['img_shape']) == ((37, 53), (53, 37))


def test_tiles_are_read_alike(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.png'), DEEP)
    tile = LoadTile(max_value=4095)(dict(img_path=str(tmp_path / 'a.png'), tile=(5, 6, 25, 26)))['img']
    np.testing.assert_allclose(tile, DEEP[5:25, 6:26] / 4095 * 255, rtol=1e-6)


@pytest.mark.parametrize('depth', [np.uint8, np.uint16])
def test_through_the_whole_pipeline(tmp_path: Path, depth: type) -> None:
    level = np.full((40, 60, 3), 100, depth) * (257 if depth is np.uint16 else 1)
    cv2.imwrite(str(tmp_path / 'a.png'), level.astype(depth))
    steps = [dict(type='LoadInspectionImage'), dict(type='Resize', scale=(30, 20), keep_ratio=True),
             dict(type='RandomFlip', prob=1.0),
             dict(type='StudentNoise', salt_pepper=None, mean_shift=dict(amplitude=5.0, prob=1.0)),
             dict(type='PackDualViewInputs', meta_keys=())]
    packed = Compose([TRANSFORMS.build(step) for step in steps])(dict(img_path=str(tmp_path / 'a.png')))
    assert packed['inputs'].shape == packed['inputs_clean'].shape == (3, 20, 30)
    assert packed['inputs'].dtype == packed['inputs_clean'].dtype
    assert packed['inputs'].dtype.is_floating_point == (depth is np.uint16)
    assert (packed['inputs_clean'].float() - 100).abs().max() < 1e-4
    assert 0 < (packed['inputs'].float() - 100).abs().max() <= 5


def test_pixels_that_are_there_are_kept() -> None:
    found = LoadInspectionImage()(dict(img=COLOUR))
    assert found['img'] is COLOUR and found['img_shape'] == (37, 53)


def test_a_damaged_image_is_named(tmp_path: Path) -> None:
    Image.fromarray(COLOUR).save(tmp_path / 'a.jpg')
    (tmp_path / 'a.jpg').write_bytes((tmp_path / 'a.jpg').read_bytes()[:900])
    with pytest.raises(UserError, match=r"a\.jpg' cannot be decoded"):
        load(tmp_path / 'a.jpg')


def test_pictures_show_what_the_pipeline_sees(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.png'), DEEP)
    shown = read_for_display(str(tmp_path / 'a.png'), [TRANSFORMS.build(dict(type='LoadTile', max_value=4095))])
    np.testing.assert_array_equal(shown, np.rint(DEEP / np.float32(4095 / 255)))
    assert read_for_display(str(tmp_path / 'a.png')).max() == 16  # 4095 of 65535


@pytest.mark.parametrize('kind', [LoadInspectionImage, LoadTile])
def test_a_white_that_cannot_be(kind: type) -> None:
    with pytest.raises(UserError, match='max_value of the loader of images is -1'):
        kind(max_value=-1)
