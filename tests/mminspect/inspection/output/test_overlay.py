"""Overlays: what is drawn where, and that colours do not depend on the image."""
from dataclasses import replace

import cv2
import numpy as np
import pytest

from inspection_helpers import Corners, anomaly_inspector, bright
from mminspect.decisions import MapScale
from mminspect.inspection.drawing import BOX_COLOUR, CONTOUR_COLOUR, OPACITY
from mminspect.inspection.inspector import Inspector
from mminspect.inspection.output.overlay import LONGEST, draw_overlay
from mminspect.vision.boxes import ScoredBoxes

SCALE = MapScale(0.1, 0.5)


def mixed(grey, value, scale=SCALE):
    """The colour, RGB, of this map value over this grey."""
    step = np.uint8(np.clip((value - scale.low) / (scale.high - scale.low) * 255, 0, 255))
    colour = cv2.applyColorMap(np.full((1, 1), step), cv2.COLORMAP_TURBO)[0, 0, ::-1].astype(float)
    return OPACITY * colour + (1 - OPACITY) * grey


@pytest.mark.parametrize('spot', [None, 250])
def test_colours_mean_the_same_in_every_picture(spot):
    """Where two images are alike, so are their overlays, whatever else is in them; as the scale says."""
    image = bright(80, spot)
    image[40:] = 153
    result = anomaly_inspector()(image)
    picture = draw_overlay(image, replace(result, detections=ScoredBoxes.none()), SCALE)
    assert picture.shape == image.shape and picture.dtype == np.uint8
    assert np.abs(picture[50:60, 5:30] - mixed(153, 153 / 255)).max() <= 1
    assert (picture[:8] == 80).all()  # normal: as it was


def test_good_image_has_neither_contour_nor_box():
    image = bright(80)
    picture = draw_overlay(image, anomaly_inspector()(image), SCALE)
    np.testing.assert_array_equal(picture, image)


def test_contour_and_box_of_a_defect():
    image = bright(80, 250)
    result = anomaly_inspector()(image)
    picture = draw_overlay(image, result, SCALE)
    x0, y0, x1, y1 = result.detections.boxes[0].astype(int)
    for edge in (picture[y0, x0:x1], picture[y1 - 1, x0:x1], picture[y0:y1, x0], picture[y0:y1, x1 - 1]):
        assert (edge == BOX_COLOUR).all()
    outside = (slice(y1 + 4, None), slice(None))
    assert not (picture[outside] == BOX_COLOUR).all(axis=-1).any()
    tilted = np.zeros((64, 96), np.float32)
    cv2.circle(tilted, (40, 30), 12, 1.0, -1)
    marked = draw_overlay(image, replaced(result, tilted), SCALE)
    assert (marked[18 + 0, 40] == CONTOUR_COLOUR).all() and (marked[30, 52] == CONTOUR_COLOUR).all()
    assert not (marked[30, 40] == CONTOUR_COLOUR).all()


def replaced(result, heat):
    return replace(result, anomaly_map=heat, detections=ScoredBoxes.none())


def test_without_a_calibration_nothing_is_coloured():
    image = bright(80, 250)
    picture = draw_overlay(image, anomaly_inspector(calibration=None)(image), None)
    assert np.array_equal(picture, image)


def test_detector_draws_what_exceeds_the_threshold():
    image = bright(0)
    image[:32, :60] = 255
    image[32:, :60] = 64
    inspector = Inspector(Corners())
    result = inspector(image)
    assert len(result.detections.scores) == 2
    picture = draw_overlay(image, result)
    below = tuple(int(v) for v in result.detections.boxes[1])
    assert (picture[4, 10:50] == BOX_COLOUR).all()
    assert not (picture[below[3] - 1, 10:50] == BOX_COLOUR).any(axis=-1).all()
    inspector.threshold = None
    both = draw_overlay(image, inspector(image))
    assert (both[below[3] - 1, below[0]:below[2]] == BOX_COLOUR).all()


def test_the_image_itself_is_left_alone():
    for dtype in (np.uint8, np.float32):
        image = bright(80, 250).astype(dtype)
        before = image.copy()
        result = anomaly_inspector()(bright(80, 250))
        draw_overlay(image, result, SCALE)
        draw_overlay(image, replaced(result, None))
        draw_overlay(image, result, None)
        assert np.array_equal(image, before)


def test_deep_images_look_like_their_8_bit_twins():
    image, result = bright(80, 250), anomaly_inspector()(bright(80, 250))
    assert np.array_equal(draw_overlay(image.astype(np.float32), result, SCALE), draw_overlay(image, result, SCALE))


def test_line_scans_are_drawn_smaller():
    image = bright(80, shape=(LONGEST * 3, 150))
    image[3000:3090, 30:90] = 250
    result = anomaly_inspector(input_size=(LONGEST, 64))(image)
    picture = draw_overlay(image, result, SCALE)
    assert picture.shape == (LONGEST, 50, 3)
    x0, y0, _, y1 = np.round(result.detections.boxes[0] / 3).astype(int)
    assert (picture[y0 + 10:y1 - 10, x0] == BOX_COLOUR).all()
    assert (picture[100:900] == 80).all()


@pytest.mark.parametrize(('shape', 'written'), [((64, 96), True), ((24, 32), False), ((600, 20), False)])
def test_words_are_left_out_where_they_would_cover_the_picture(shape, written):
    image = bright(80, shape=shape)
    box = np.array([[4, 5, 12, 12]], np.float32)
    result = replaced(anomaly_inspector()(image), None)
    one, two = (replace(result, detections=ScoredBoxes(box, np.array([score], np.float32), np.array([0])))
                for score in (0.11, 0.88))
    assert np.array_equal(draw_overlay(image, one), draw_overlay(image, two)) is not written
    assert (draw_overlay(image, one)[5, 4:12] == BOX_COLOUR).all()


@pytest.mark.parametrize('shape', [(1, 1), (1, 40), (40, 1), (3, 5)])
def test_tiny_images(shape):
    image = np.full((*shape, 3), 250, np.uint8)
    result = anomaly_inspector()(image)
    assert draw_overlay(image, result, SCALE).shape == image.shape
