"""Where boxes are drawn, that they hide nothing, and how the marks differ."""
import cv2
import numpy as np
import pytest

from fdrd.visualization.panel import (
    COLOURS,
    GAP,
    HEAD,
    MARGIN,
    TEXT,
    Lettering,
    Mark,
    MarkedBox,
    draw_panel,
    enlargement,
)


def grey(height=60, width=900):
    return np.full((height, width, 3), 100, np.uint8)


def pixels(picture, label=0):
    """(H, W) bool, where the colour of a class is."""
    return (picture == COLOURS[label]).all(axis=2)


def outline(picture, label=0):
    """Tight box x0, y0, x1, y1 around all pixels of the class's colour, the last pixel included."""
    rows, columns = np.nonzero(pixels(picture, label))
    return columns.min(), rows.min(), columns.max(), rows.max()


def drawn(image, box, mark=Mark.FOUND, label=0):
    """A panel without words."""
    return draw_panel(image, [MarkedBox(np.array(box), label, '', mark)], ' ')


@pytest.fixture
def wordless(monkeypatch):
    monkeypatch.setattr(Lettering, 'write', lambda *_: None)


@pytest.mark.usefixtures('wordless')
@pytest.mark.parametrize('mark', Mark)
@pytest.mark.parametrize('box', [(100, 20, 104, 24), (0, 0, 4, 4), (896, 56, 900, 60), (10.2, 5.7, 13.9, 9.1)])
def test_a_box_runs_around_its_object_and_hides_nothing_of_it(box, mark):
    image = grey()
    x0, y0, x1, y1 = (int(v) for v in (*np.floor(box[:2]), *np.ceil(box[2:])))
    image[y0:y1, x0:x1] = (7, 8, 9)
    panel = drawn(image, box, mark)
    inner = panel[HEAD:-MARGIN, MARGIN:-MARGIN]
    assert (inner[y0:y1, x0:x1] == (7, 8, 9)).all()
    edge = (x0 - GAP + MARGIN, y0 - GAP + HEAD, x1 - 1 + GAP + MARGIN, y1 - 1 + GAP + HEAD)
    assert outline(panel) == edge
    marked = pixels(panel)
    assert all(marked[row, column] for row in edge[1::2] for column in edge[::2])  # dashes begin at every corner
    ring = np.ones_like(marked)
    ring[edge[1] + 2:edge[3] - 1, edge[0] + 2:edge[2] - 1] = False
    assert not (marked & ~ring).any()


@pytest.mark.usefixtures('wordless')
def test_what_is_wrong_is_dashed_and_what_is_ignored_dotted():
    def top(mark):
        row = pixels(drawn(grey(200), (300, 50, 500, 150), mark))[HEAD + 50 - GAP, MARGIN + 300:MARGIN + 500]
        return row.mean()

    small = pixels(drawn(grey(), (100, 20, 106, 26), Mark.MISSED))[HEAD + 20 - GAP, MARGIN + 97:MARGIN + 109]
    assert small.tolist() == [True] * 5 + [False] * 2 + [True] * 5  # seen on the smallest object too
    whole, dashed, dotted = 1.0, pytest.approx(5 / 9, abs=0.05), pytest.approx(1 / 3, abs=0.05)
    assert [top(mark) for mark in (Mark.FOUND, Mark.RIGHT, Mark.UNJUDGED)] == [whole] * 3
    assert [top(mark) for mark in (Mark.MISSED, Mark.FALSE)] == [dashed] * 2
    assert [top(mark) for mark in (Mark.IGNORED, Mark.ON_IGNORED)] == [dotted] * 2


def test_small_images_are_enlarged_without_smoothing():
    assert [enlargement(width) for width in (10, 320, 450, 900, 4096)] == [8, 3, 2, 1, 1]
    image = grey(136, 320)
    image[60:64, 100:104] = 255
    panel = drawn(image, (100, 60, 104, 64))
    inner = panel[HEAD:-MARGIN, MARGIN:-MARGIN]
    assert inner.shape == (408, 960, 3) and (inner[180:192, 300:312] == 255).all()
    assert outline(panel) == (300 - GAP + MARGIN, 180 - GAP + HEAD, 311 + GAP + MARGIN, 191 + GAP + HEAD)


@pytest.fixture
def written(monkeypatch):
    """(text, left, top, right, bottom) of every caption and word of a legend."""
    found = []

    def write(self, picture, text, corner, colour):
        wide, high = self.size(text)
        found.append((text, corner[0], corner[1] - high, corner[0] + wide, corner[1]))

    monkeypatch.setattr(Lettering, 'write', write)
    return found


def test_the_legend_names_the_marks_that_there_are(written):
    boxes = [MarkedBox(np.array([x, 20, x + 9, 40]), 0, 'hair', mark)
             for x, mark in ((100, Mark.FALSE), (300, Mark.RIGHT), (500, Mark.FALSE))]
    picture = draw_panel(grey(), boxes, 'title')
    assert [text for text, *_ in written] == ['right', 'false', 'false: hair', 'hair', 'false: hair']
    sample = (picture[2 * MARGIN, MARGIN:] == TEXT).all(axis=1)
    assert sample[:23].all() and not sample[23:written[1][1] - MARGIN - 40].any()
    written.clear()
    draw_panel(grey(), [], 'title')
    draw_panel(grey(), [MarkedBox(np.array([9, 20, 19, 40]), 0, 'hair 0.5', Mark.UNJUDGED)], 'title')
    assert [text for text, *_ in written] == ['hair 0.5']


def test_no_caption_is_over_another_and_the_first_ones_are_there(written):
    generator = np.random.default_rng(0)
    starts = generator.integers(0, (880, 280), (150, 2))
    boxes = [MarkedBox(np.array([*start, *start + generator.integers(4, 60, 2)]), 0, f'foreign 0.{number:03d}',
                       Mark.UNJUDGED) for number, start in enumerate(starts)]
    picture = draw_panel(grey(300), boxes, 'title')
    assert 30 < len(written) < 150 and written[0][0] == 'foreign 0.000'
    taken = np.zeros(picture.shape[:2], int)
    for _, left, top, right, bottom in written:
        assert 0 <= left and 2 * MARGIN < top and right <= picture.shape[1] and bottom <= picture.shape[0]
        taken[top:bottom, left:right] += 1
    assert taken.max() == 1


def test_two_boxes_of_one_object_have_captions_that_can_be_read(written):
    boxes = [MarkedBox(np.array([300, 100, 380, 150]), 0, 'foreign 0.45', Mark.RIGHT),
             MarkedBox(np.array([304, 101, 381, 140]), 0, 'foreign 0.40', Mark.FALSE)]
    draw_panel(grey(300), boxes, 'title')
    (_, *first), (text, *second) = written[-2:]
    assert text == 'false: foreign 0.40'
    assert first[3] == HEAD + 100 - GAP - 3  # above its box, and the other one beside its own
    assert second[0] == MARGIN + 381 + GAP + 3 and second[1] > first[3]


def test_long_titles_are_written_smaller(monkeypatch):
    sizes = []
    monkeypatch.setattr(cv2, 'putText', lambda image, text, corner, font, size, *_: sizes.append(size))
    for title in ('short', 'a title that does not fit above an image of so few pixels'):
        draw_panel(grey(60, 20), [], title)
    assert sizes[0] == 0.5 and 0 < sizes[1] < 0.25
