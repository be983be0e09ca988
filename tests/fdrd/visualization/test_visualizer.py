"""Names of classes in mmdet's own pictures."""
import warnings

import numpy as np
import pytest
import torch
from mmdet.registry import VISUALIZERS
from mmengine.structures import InstanceData

from fdrd.visualization import InspectionLocalVisualizer
from mminspect.vision import fonts


@pytest.fixture
def draw():
    visualizer = VISUALIZERS.build(dict(type='InspectionLocalVisualizer', name='names'))
    assert isinstance(visualizer, InspectionLocalVisualizer)
    visualizer.dataset_meta = dict(classes=('划痕', '脏污', 'hole'), palette=[(255, 0, 0)] * 3)

    def one(label, classes=None):
        objects = InstanceData(bboxes=torch.tensor([[30., 30., 90., 80.]]), labels=torch.tensor([label]),
                               scores=torch.tensor([0.5]))
        meta = visualizer.dataset_meta
        return visualizer._draw_instances(np.full((120, 160, 3), 100, np.uint8), objects,
                                          classes or meta['classes'], meta['palette'])

    return one


def test_different_names_are_different_pixels(draw):
    if fonts.find_fonts('划痕脏污') is None:
        pytest.skip('needs a font with Chinese characters: tools/install_browser.sh installs one')
    with warnings.catch_warnings():
        warnings.filterwarnings('error', message='.*Glyph')
        assert (draw(0) != draw(1)).any()


def test_without_a_font_the_number_of_the_label_is_drawn(draw, monkeypatch):
    monkeypatch.setattr(fonts, 'find_fonts', lambda text: None)
    numbers = ('0', '1', 'hole')
    for label in range(3):
        np.testing.assert_array_equal(draw(label), draw(label, numbers))
    assert (draw(0) != draw(1)).any()


def test_who_chooses_a_font_gets_it(draw, monkeypatch):
    visualizer, seen = InspectionLocalVisualizer(), []
    monkeypatch.setattr('mmdet.visualization.DetLocalVisualizer.draw_texts',
                        lambda self, texts, positions, **options: seen.append((texts, options)))
    visualizer.draw_texts('划痕', np.zeros((1, 2)), font_families='serif')
    visualizer.draw_texts('hole', np.zeros((1, 2)))
    assert seen == [('划痕', dict(font_families='serif')), (['hole'], dict(font_families=[['sans-serif']]))]
