"""Files of class names as mmengine reads them."""
from __future__ import annotations

from pathlib import Path

import pytest
from mmdet.datasets import CocoDataset

from fdrd.datasets.class_names import classes_of
from mminspect.core.errors import UserError


def names(path: Path, data: bytes) -> tuple[str, ...]:
    path.write_bytes(data)
    cfg = dict(metainfo=dict(classes=str(path)))
    found = classes_of(cfg, CocoDataset, 'train.json')
    assert found == tuple(CocoDataset._load_metainfo(cfg['metainfo'])['classes'])  # what training gets
    return found


@pytest.mark.parametrize('data', [b'hair\nmetal', b'hair\r\nmetal\r\n', b'hair\nmetal\n'])
def test_lines_are_names(data: bytes, tmp_path: Path) -> None:
    assert names(tmp_path / 'classes.txt', data) == ('hair', 'metal')
    assert names(tmp_path / 'classes.txt', '划痕\n脏污'.encode()) == ('划痕', '脏污')


@pytest.mark.parametrize(('data', 'message'), [
    ('hair\nmetal'.encode('utf-8-sig'), "classes.txt' is in UTF-8 with a byte-order mark, which mmengine does not"),
    ('划痕'.encode('utf-16'), 'is in utf-16, which'), ('划痕'.encode('gbk'), r'is not utf-8 text \(line 1.*划痕'),
    (b'hair\n\nmetal', "line 2 of the list of classes '.*classes.txt' is '': write one name"),
    (b'hair\nmetal\n\n', "line 3 of the list"), (b'hair\n metal', "line 2 .* is ' metal'"), (b'', 'is empty'),
    (b'hair\nhair', "name 'hair' more than once")])
def test_what_mmengine_would_read_otherwise_is_refused(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        names(tmp_path / 'classes.txt', data)
