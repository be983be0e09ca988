"""A config file of a tiny detector with a test set."""
import pytest
from mmengine.config import Config

from helpers import build, detector_cfg, save_checkpoint, write_coco


@pytest.fixture
def config(tmp_path):
    """Config file of a tiny detector whose six test images of 96x64 pixels are doubled by the pipeline."""
    annotations = write_coco(tmp_path / 'data')
    pipeline = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(192, 128), keep_ratio=True),
                dict(type='LoadAnnotations', with_bbox=True),
                dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]
    dataset = dict(type='CocoDataset', ann_file=str(annotations), metainfo=dict(classes=('a', 'b')),
                   data_prefix=dict(img=str(annotations.parent / 'images')), test_mode=True, pipeline=pipeline)
    Config(dict(default_scope='mmdet', custom_imports=dict(imports=['fdrd']), model=detector_cfg(),
                test_dataloader=dict(dataset=dataset))).dump(tmp_path / 'tiny.py')
    return tmp_path / 'tiny.py'


@pytest.fixture
def checkpoint(tmp_path):
    return save_checkpoint(build(detector_cfg()), tmp_path / 'tiny.pth')
