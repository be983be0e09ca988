"""Maps, their place in the image, and the shared colours."""
import warnings

import cv2
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from fdrd.visualization.heatmap import Network, activation_map, draw, neck_map, save_heatmaps, shared_scale
from mminspect.core.errors import UserError
from mminspect.vision import fonts

PIPELINE = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(96, 48), keep_ratio=True),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]


class Averages(nn.Module):
    """A detector whose neck outputs are the image's own means over cells of 8 and 16 pixels, times a factor."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor
        self.data_preprocessor = DetDataPreprocessor(pad_size_divisor=64)

    def extract_feat(self, images):
        assert not torch.is_grad_enabled()
        return tuple(-self.factor * nn.functional.avg_pool2d(images.float(), size) for size in (8, 16))


@pytest.fixture
def network():
    init_default_scope('mmdet')
    return lambda factor=1.0: Network.of(Config(dict(test_dataloader=dict(dataset=dict(pipeline=PIPELINE)))),
                                         Averages(factor))


@pytest.fixture
def image(tmp_path):
    """80x40 pixels, dark, with a bright quarter at the lower right; the pipeline makes it 96x48, padding 128x64."""
    pixels = np.full((40, 80, 3), 10, np.uint8)
    pixels[20:, 40:] = (30, 60, 210)
    cv2.imwrite(str(tmp_path / 'im.png'), pixels)
    return tmp_path / 'im.png'


def test_activation_map():
    feature = torch.tensor([[[1.0, -2.0]], [[-3.0, 0.0]]], dtype=torch.float16)
    assert activation_map(feature).tolist() == [[2.0, 1.0]]


def test_maps_cover_the_image_and_not_its_padding(network, image):
    heat = neck_map(network(), image, 0)
    assert heat.shape == (6, 12)
    np.testing.assert_allclose(heat[:2, :5], 10, atol=1e-3)
    np.testing.assert_allclose(heat[4:, 7:], 100, atol=1e-3)
    assert neck_map(network(2.0), image, 1).shape == (3, 6)
    assert neck_map(network(2.0), image, 1).max() == pytest.approx(200)


def test_levels_that_are_not_there(network, image):
    for level in (2, -1):
        with pytest.raises(UserError, match=f'--level must be 0..1 for this detector, got {level}'):
            neck_map(network(), image, level)


def test_both_maps_share_their_colours():
    maps = dict(teacher=np.array([[1.0, 5.0]]), student=np.array([[0.5, 2.0]]))
    assert shared_scale(list(maps.values())) == (0.5, 5.0)
    figure = draw(np.zeros((40, 80, 3), np.uint8), maps, 'im.png')
    shown = [axis.get_images()[0] for axis in figure.axes[:3]]
    assert [image.get_clim() for image in shown[1:]] == [(0.5, 5.0)] * 2
    assert [image.get_extent() for image in shown[1:]] == [[0, 80, 40, 0]] * 2
    assert [axis.get_title() for axis in figure.axes[:3]] == ['image', 'teacher', 'student']


def test_pictures_are_written(network, image, tmp_path):
    path, = save_heatmaps(network(), network(0.1), [image], tmp_path / 'out', level=1)
    assert path == tmp_path / 'out' / 'im_level1.png'
    picture = cv2.imread(str(path))
    assert picture.shape[1] > 3 * picture.shape[0] / 2 > 100


def test_nothing_is_drawn_for_bad_input(network, tmp_path):
    (tmp_path / 'a.png').write_bytes(b'no image')
    with pytest.raises(UserError, match=r"a\.png' is not an image"):
        save_heatmaps(network(), network(), [tmp_path / 'a.png'], tmp_path / 'out')
    with pytest.raises(UserError, match='several images are called a:'):
        save_heatmaps(network(), network(), [tmp_path / 'a.png', tmp_path / 'b' / 'a.jpg'], tmp_path / 'out')
    assert not (tmp_path / 'out').exists()



def test_titles_in_any_script(monkeypatch):
    def rendered(title):
        figure = draw(np.full((40, 60, 3), 100, np.uint8), dict(teacher=np.eye(4)), title)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())

    for _ in range(2):  # with a font, if there is one, and without
        with warnings.catch_warnings():
            warnings.simplefilter('error')  # of matplotlib, about letters that are missing
            assert (rendered('划痕.png') != rendered('脏污.png')).any()
        monkeypatch.setattr(fonts, 'find_fonts', lambda text: None)
