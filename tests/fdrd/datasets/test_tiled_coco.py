"""Tiles of annotated photographs."""
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope

from fdrd.datasets import TiledCocoDataset
from mminspect.core.errors import UserError

CLASSES = dict(classes=('spot',))


@pytest.fixture
def photograph(tmp_path: Path) -> tuple[Path, list[list[float]]]:
    """An image of 100x150 whose boxes are white, and a small one of 40x150 without any."""
    boxes = [[10, 10, 20, 24], [58, 30, 70, 40], [120, 80, 149, 99]]
    images = [dict(id=7, file_name='a.png', height=100, width=150), dict(id=9, file_name='b.png', height=40, width=150)]
    for image in images:
        pixels = np.zeros((image['height'], image['width'], 3), np.uint8)
        for x0, y0, x1, y1 in boxes if image['id'] == 7 else ():
            pixels[y0:y1, x0:x1] = 255
        cv2.imwrite(str(tmp_path / image['file_name']), pixels)
    annotations = [dict(id=i, image_id=7, category_id=1, bbox=[x0, y0, x1 - x0, y1 - y0], area=(x1 - x0) * (y1 - y0),
                        iscrowd=0) for i, (x0, y0, x1, y1) in enumerate(boxes)]
    (tmp_path / 'a.json').write_text(json.dumps(dict(images=images, annotations=annotations,
                                                     categories=[dict(id=1, name='spot')])))
    return tmp_path, boxes


def dataset(root: Path, **options) -> TiledCocoDataset:
    options = dict(dict(tile=64, overlap=16, test_mode=True), **options)
    pipeline = [dict(type='LoadTile'), dict(type='LoadAnnotations', with_bbox=True)]
    with DefaultScope.overwrite_default_scope('mmdet'):
        return TiledCocoDataset(ann_file='a.json', data_root=str(root), data_prefix=dict(img=''), metainfo=CLASSES,
                                pipeline=pipeline, **options)


def test_labels_lie_on_what_the_tile_shows(photograph) -> None:
    root, boxes = photograph
    found: set[int] = set()
    tiles = dataset(root)
    assert len(tiles) == 2 * 3 + 1 * 3  # ceil((100 - 16) / 48) x ceil((150 - 16) / 48); the small one has one row
    for index in range(len(tiles)):
        info, item = tiles.get_data_info(index), tiles[index]
        y0, x0, _, _ = info['tile']
        assert item['img'].shape == (64, 64, 3) and item['ori_shape'] == (64, 64)
        covered = np.zeros((64, 64), bool)
        for instance in info['instances']:
            left, top, right, bottom = map(int, instance['bbox'])
            assert (item['img'][top:bottom, left:right] == 255).all()
            covered[top:bottom, left:right] = True
            whole = [left + x0, top + y0, right + x0, bottom + y0]
            if whole in boxes:
                assert not instance['ignore_flag']
                found.add(boxes.index(whole))
        inside = covered[:100 - y0] if info['img_id'] == 7 else covered[:0]
        assert ((item['img'][:len(inside), :, 0] == 255) == inside).all()  # no object without its label
    assert found == {0, 1, 2}


def test_what_a_tile_shows_too_little_of_is_ignored(photograph) -> None:
    root, _ = photograph
    shares = {}
    for share in (0.0, 0.5, 1.0):
        flags = [instance['ignore_flag'] for info in map(dataset(root, overlap=0, min_visible=share).get_data_info,
                                                         range(6)) for instance in info['instances']]
        shares[share] = sum(flags), len(flags)
    assert shares[0.0][0] == 0 < shares[0.5][0] <= shares[1.0][0]
    assert len({count for _, count in shares.values()}) == 1


def test_mistakes(photograph) -> None:
    for options, words in ((dict(overlap=64), 'cannot overlap by 64'), (dict(min_visible=1.5), 'is no share')):
        with pytest.raises(UserError, match=words):
            dataset(photograph[0], **options)
