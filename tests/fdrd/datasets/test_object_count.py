"""More objects in an image than a detector gives boxes."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from fdrd.datasets.object_count import check_object_count


@pytest.mark.parametrize('model', [dict(test_cfg=dict(max_per_img=1)), dict(test_cfg=dict(rcnn=dict(max_per_img=1)))])
def test_a_warning_names_the_images(model: dict, coco_data: dict, write_coco: Callable, messages: list[str]) -> None:
    cfg = dict(write_coco(coco_data), test_mode=True)
    check_object_count(model, dict(type='RepeatDataset', times=1, dataset=cfg))
    [text] = [text for text in messages if 'max_per_img' in text]
    assert "1 of 2 images have more objects than max_per_img=1 lets a detector find, up to 2 (first: 'a.png')" in text


def test_of_tiles_each_counts_for_itself(coco_data: dict, write_coco: Callable, messages: list[str]) -> None:
    cfg = dict(write_coco(coco_data), test_mode=True, type='TiledCocoDataset', tile=64, overlap=0)
    check_object_count(dict(test_cfg=dict(max_per_img=1)), cfg)
    assert any("up to 2 (first: tile (" in text for text in messages)
    messages.clear()
    check_object_count(dict(test_cfg=dict(max_per_img=1)), dict(cfg, tile=28))  # one in each
    assert not any('max_per_img' in text for text in messages)


@pytest.mark.parametrize('test_cfg', [None, {}, dict(max_per_img=2), dict(max_per_img=-1), dict(max_per_img=None)])
def test_enough_boxes_or_no_limit(test_cfg: dict | None, coco_data: dict, write_coco: Callable,
                                  messages: list[str]) -> None:
    check_object_count(dict(test_cfg=test_cfg), dict(write_coco(coco_data), test_mode=True))
    check_object_count(dict(test_cfg=dict(max_per_img=1)), write_coco(coco_data))  # of a training
    check_object_count(dict(test_cfg=dict(max_per_img=1)), dict(write_coco(coco_data), test_mode=True, ann_file='none'))
    assert not any('max_per_img' in text for text in messages)
