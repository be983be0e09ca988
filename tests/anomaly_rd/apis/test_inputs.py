from pathlib import Path

import cv2
import numpy as np
import pytest

from anomaly_rd.apis.inputs import as_records
from mminspect.core.errors import UserError


@pytest.fixture
def folder(tmp_path):
    for name in ('b.png', 'a.JPG', '.hidden.png'):
        (tmp_path / name).write_bytes(cv2.imencode('.png', np.zeros((4, 4), np.uint8))[1].tobytes())
    (tmp_path / 'notes.txt').write_text('no image')
    (tmp_path / 'deeper').mkdir()
    return tmp_path


def test_paths_folders_and_arrays_in_one_list(folder):
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    records = as_records([str(folder / 'b.png'), folder, grey])
    assert [record['sample_idx'] for record in records] == [0, 1, 2, 3]
    assert [Path(record['img_path']).name for record in records] == ['b.png', 'a.JPG', 'b.png', 'array 2']
    assert np.array_equal(records[3]['img'], np.stack([grey] * 3, axis=-1)) and 'img' not in records[0]


def test_one_input_is_a_list_of_one(folder):
    assert as_records(folder / 'b.png') == [dict(img_path=str(folder / 'b.png'), sample_idx=0)]
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    assert as_records(red)[0]['img'][0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(('inputs', 'said'), [
    ([], 'nothing to score'), ('nowhere.png', r'nowhere\.png does not exist'), ([3], 'input 0 is a int'),
    (np.zeros((2, 2)), 'array 0'), ([np.zeros((2, 2, 2), np.uint8)], 'array 0'),
    (np.zeros((0, 5, 3), np.uint8), r'array 0 has the shape \(0, 5, 3\)'),
    (np.zeros((5, 0), np.uint8), 'none of them 0')])
def test_mistakes(inputs, said):
    with pytest.raises(UserError, match=said):
        as_records(inputs)


def test_a_folder_without_images(folder):
    with pytest.raises(UserError, match='deeper holds no image'):
        as_records(folder / 'deeper')
