"""Fitting of images, against the pipelines' own transforms."""
import mmcv
import numpy as np
import pytest
from mmdet.datasets.transforms import Resize

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_rd.datasets.transforms import ResizeInspection
from mminspect.inspection.geometry import fit, map_to_image
from mminspect.inspection.spec import NetworkSpec


def spec_of(size, keep_ratio, image_size=None):
    kind = 'detection' if keep_ratio else 'anomaly'
    return NetworkSpec('net', kind, ('defect', ), '0' * 16, size, keep_ratio, pad_rgb=(120.0, 115.5, 105.25),
                       image_size=image_size)


def picture(height, width, dtype=np.uint8):
    values = np.random.default_rng(0).random((height, width, 3)) * 255
    return values.astype(dtype)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
@pytest.mark.parametrize('shape', [(64, 96), (100, 31), (300, 500), (64, 64), (1, 1)])
def test_stretching_is_that_of_the_anomaly_pipeline(shape, dtype):
    image = picture(*shape, dtype)
    expected = ResizeInspection((64, 96)).transform(dict(img=image))['img']
    fitted = fit(image, spec_of((64, 96), False))
    assert fitted.pixels.dtype == np.float32 and np.array_equal(fitted.pixels, expected.astype(np.float32))
    assert fitted.shape == (64, 96) and fitted.scale == (64 / shape[0], 96 / shape[1])


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
@pytest.mark.parametrize('shape', [(460, 1088), (100, 301), (333, 500), (64, 96), (7, 9), (480, 1088), (51, 77)])
@pytest.mark.parametrize('limit', [(160, 320), (136, 301)])
def test_scaling_is_that_of_mmdet(shape, dtype, limit):
    image = picture(*shape, dtype)
    results = Resize(scale=limit[::-1], keep_ratio=True).transform(dict(img=image))
    height, width = results['img_shape']
    fitted = fit(image, spec_of((160, 320), True, limit))
    assert fitted.shape == (height, width) and fitted.scale == results['scale_factor'][::-1]
    assert np.array_equal(fitted.pixels[:height, :width], results['img'].astype(np.float32))
    assert (fitted.pixels[height:] == (120.0, 115.5, 105.25)).all()
    assert (fitted.pixels[:, width:] == (120.0, 115.5, 105.25)).all()
    assert fitted.pixels.shape == (160, 320, 3) and fitted.pixels.dtype == np.float32


def test_portrait_images_fit_into_a_landscape_input():
    fitted = fit(picture(320, 100), spec_of((160, 320), True))
    assert fitted.shape == (160, 50)
    assert np.array_equal(fitted.pixels[:, :50], mmcv.imresize(picture(320, 100), (50, 160)).astype(np.float32))


@pytest.mark.parametrize('shape', [(1, 5000), (5000, 1)])
def test_a_side_does_not_vanish(shape):
    assert min(fit(picture(*shape), spec_of((64, 96), True)).shape) == 1


def test_the_caller_keeps_its_image():
    image = picture(64, 96, np.float32)
    before = image.copy()
    for keep_ratio in (True, False):
        fit(image, spec_of((64, 96), keep_ratio))
        fit(image, spec_of((96, 128), keep_ratio))
    assert np.array_equal(image, before)


def test_maps_come_back_to_the_image_without_the_padding():
    """A map that rises linearly along the used part rises linearly along the image."""
    fitted = fit(picture(100, 400), spec_of((64, 96), True))
    assert fitted.shape == (24, 96)
    heat = np.full((64, 96), 1000.0, np.float32)
    heat[:24] = np.arange(96) + 0.5
    found = map_to_image(heat, fitted, (100, 400))
    assert found.shape == (100, 400) and found.dtype == np.float32
    expected = np.clip((np.arange(400) + 0.5) * 96 / 400, 0.5, 95.5)
    assert np.abs(found - expected).max() < 1e-4


def test_a_centre_crop_is_the_middle_of_the_stretched_image():
    image = picture(100, 60)
    fitted = fit(image, spec_of((32, 40), False, (64, 48)))
    whole = fit(image, spec_of((64, 48), False)).pixels
    assert np.array_equal(fitted.pixels, whole[16:48, 4:44]) and fitted.pixels.flags.c_contiguous
    assert fitted.scale == (0.64, 0.8) and fitted.shape == (32, 40) and fitted.margins == (16, 16, 4, 4)


def test_what_a_crop_leaves_out_is_no_number_on_the_map():
    fitted = fit(picture(128, 96), spec_of((32, 48), False, (64, 48)))
    found = map_to_image(np.full((32, 48), 3.0, np.float32), fitted, (128, 96))
    assert found.shape == (128, 96) and found.dtype == np.float32
    rows = np.isnan(found).all(axis=1)
    assert (rows == np.isnan(found).any(axis=1)).all()
    # a pixel whose two neighbours on the map are both known is known; one beside the border is not
    assert not rows[33:95].any() and rows[:32].all() and rows[96:].all() and (found[33:95] == 3).all()
