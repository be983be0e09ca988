from pathlib import Path

import cv2
import numpy as np
import pytest

from anomaly_rd.apis.inputs import as_sources
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
    found = as_sources([str(folder / 'b.png'), folder, grey])
    assert [Path(name).name for name, _ in found] == ['b.png', 'a.JPG', 'b.png', 'array 2']
    assert found[3][1] is grey and all(name == source for name, source in found[:3])


def test_what_is_left_out_of_a_folder_is_logged(folder, messages):
    as_sources([folder / 'b.png', folder / 'a.JPG'])
    assert messages == []
    as_sources(folder)
    assert messages == [f"folder {folder}: 2 images taken; left out: 1 hidden (first: {folder / '.hidden.png'}), "
                        '1 of other kinds (1 .txt)']


def test_one_input_is_a_list_of_one(folder):
    assert as_sources(folder / 'b.png') == [(str(folder / 'b.png'),) * 2]
    red = np.zeros((2, 2, 3), np.uint8)
    ((name, source),) = as_sources(red)
    assert name == 'array 0' and source is red


@pytest.mark.parametrize(('inputs', 'said'), [
    ([], 'nothing to score'), ('nowhere.png', r'nowhere\.png does not exist'), ([3], 'input 0 is a int')])
def test_mistakes(inputs, said):
    with pytest.raises(UserError, match=said):
        as_sources(inputs)


def test_a_folder_without_images(folder):
    with pytest.raises(UserError, match='deeper holds no image'):
        as_sources(folder / 'deeper')
