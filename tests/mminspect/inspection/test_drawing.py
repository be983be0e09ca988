"""What overlays are drawn with; tests/mminspect/inspection/output/test_overlay.py looks at whole ones."""
import cv2
import numpy as np
import pytest

from mminspect.decisions import MapScale
from mminspect.inspection.drawing import (
    BOX_COLOUR,
    CONTOUR_COLOUR,
    OPACITY,
    draw_boxes,
    draw_map,
    line_width,
    reduced,
    write,
)
from mminspect.vision import fonts
from mminspect.vision.boxes import ScoredBoxes
from mminspect.vision.captions import Lettering


def coloured(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Rows and columns (n, 2) of the pixels that have exactly this colour."""
    return np.argwhere((picture == colour).all(-1))


def test_reduced_pixels_are_means_and_a_factor_of_1_copies_nothing() -> None:
    pixels = np.arange(4 * 6, dtype=np.float32).reshape(4, 6)
    assert reduced(pixels, 1) is pixels
    np.testing.assert_allclose(reduced(pixels, 0.5), pixels.reshape(2, 2, 3, 2).mean((1, 3)))
    assert reduced(pixels, 0.01).shape == (1, 1)  # never nothing


@pytest.mark.parametrize(('shape', 'width'), [((10, 10), 1), ((800, 100), 1), ((100, 1600), 2), ((4000, 3000), 5)])
def test_lines_grow_with_the_picture(shape: tuple[int, int], width: int) -> None:
    assert line_width(np.zeros((*shape, 3), np.uint8)) == width


def test_a_box_is_drawn_on_its_last_pixels() -> None:
    picture = np.zeros((100, 120, 3), np.uint8)
    draw_boxes(picture, ScoredBoxes(np.array([[40, 60, 80, 100]], np.float32), np.array([0.5], np.float32),
                                    np.array([0])), ['scratch'], factor=0.5)
    box = [tuple(place) for place in coloured(picture, BOX_COLOUR)]
    edge = {(row, column) for row in range(30, 50) for column in range(20, 40)
            if row in (30, 49) or column in (20, 39)}
    assert edge <= set(box)


def test_the_contour_is_where_the_map_exceeds_the_limit() -> None:
    heat = np.zeros((40, 40), np.float32)
    heat[10:20, 12:30] = 1
    picture = draw_map(np.full((40, 40, 3), 90, np.uint8), heat, MapScale(0.0, 0.5), 1.0)
    found = coloured(picture, CONTOUR_COLOUR)
    assert (found.min(0).tolist(), found.max(0).tolist()) == ([10, 12], [19, 29])


def test_normal_areas_stay_as_they_are_and_others_have_the_colours_of_the_scale() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    heat = np.linspace(0, 0.5, 1600, dtype=np.float32).reshape(40, 40)  # up to the limit, which is still normal
    heat[0, 0] = np.nan
    same = draw_map(photo, heat, MapScale(0.0, 0.5), 1.0)
    np.testing.assert_array_equal(same, photo)
    assert not np.shares_memory(same, photo)
    heat[5:25, 5:25], heat[12:18, 12:18] = 0.75, 2.0
    shown = draw_map(photo, heat, MapScale(0.0, 0.5), 1.0)
    outside = np.ones((40, 40), bool)
    outside[3:27, 3:27] = False  # the contour lies around the area
    np.testing.assert_array_equal(shown[outside], photo[outside])
    for place, step in (((8, 14), 191), ((15, 15), 255)):  # three quarters of the scale; beyond its end
        colour = cv2.applyColorMap(np.full((1, 1), step, np.uint8), cv2.COLORMAP_TURBO)[0, 0, ::-1].astype(float)
        assert np.abs(shown[place] - (OPACITY * colour + (1 - OPACITY) * photo[place])).max() <= 1


def test_words_that_would_cover_the_picture_are_left_out() -> None:
    small, large = np.zeros((20, 30, 3), np.uint8), np.zeros((200, 300, 3), np.uint8)
    write(small, 'scratch 0.98', 0, 10)
    assert not small.any()
    write(large, 'scratch 0.98', 290, 1)  # beyond the right and the upper border
    (wide, high), _ = cv2.getTextSize('scratch 0.98', cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)
    rows, columns = np.nonzero(large.any(-1))
    assert large.any() and not large[..., 1].any()  # the colour of boxes, blended at the edges
    assert columns.min() >= 300 - wide - 3 and rows.max() <= high + 10


def test_scores_of_overlapping_boxes_are_not_printed_over_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(*boxes: tuple[int, int, int, int], scores: list[float]) -> list[tuple[str, tuple[int, int]]]:
        written: list[tuple[str, tuple[int, int]]] = []
        monkeypatch.setattr(Lettering, 'write', lambda self, picture, text, corner, _: written.append((text, corner)))
        draw_boxes(np.zeros((200, 300, 3), np.uint8), ScoredBoxes(np.array(boxes, np.float32), np.array(
            scores, np.float32), np.zeros(len(boxes), np.int64)), ['scratch'], factor=1.0)
        return written

    (best, left), (other, right) = drawn((103, 81, 180, 149), (100, 80, 180, 150), scores=[0.4, 0.9])
    assert (best, left, other) == ('0.9', (100, 78), '0.4')
    assert right[1] == 79 and right[0] > 100 + Lettering(1).size('0.9')[0]  # at the other end of its box
    assert 2 <= len(drawn(*[(100, 80, 180, 150)] * 50, scores=[0.5] * 50)) < 20  # those without room go without
    assert drawn((0, 0, 300, 200), scores=[0.5])[0][1][1] < 30  # a box around everything has its score inside


@pytest.fixture
def chinese():
    fonts._find_fonts.cache_clear()
    if fonts.find_fonts('划痕脏污') is None:
        pytest.skip('needs a font with Chinese characters: tools/install_browser.sh installs one')


def labelled(*classes: str, label: int = 0) -> np.ndarray:
    picture = np.full((200, 300, 3), 90, np.uint8)
    draw_boxes(picture, ScoredBoxes(np.array([[100, 80, 180, 150]], np.float32), np.array([0.5], np.float32),
                                    np.array([label])), classes, factor=1.0)
    return picture


@pytest.mark.usefixtures('chinese')
def test_names_that_are_not_ascii_are_drawn_above_their_box() -> None:
    scratch, dirt = labelled('划痕', '脏污'), labelled('脏污', '划痕')
    rows, columns = np.nonzero((scratch != dirt).any(-1))
    assert 60 <= rows.min() and rows.max() < 80 and 98 <= columns.min() and columns.max() < 100 + 2 * 13 + 3
    np.testing.assert_array_equal(dirt, labelled('划痕', '脏污', label=1))


def test_without_a_font_the_number_of_the_label_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, 'find_fonts', lambda text: None)
    for label in (0, 1):
        np.testing.assert_array_equal(labelled('划痕', '脏污', label=label), labelled('0', '1', label=label))
    assert (labelled('划痕', '脏污') != labelled('划痕', '脏污', label=1)).any()


@pytest.mark.usefixtures('chinese')
def test_long_names_cover_no_small_picture() -> None:
    small = np.zeros((60, 40, 3), np.uint8)
    write(small, '划痕划痕 0.98', 0, 30)
    assert not small.any()
