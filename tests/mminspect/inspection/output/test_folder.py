"""Maps, read back by two other libraries."""
import cv2
import numpy as np
import pytest
from PIL import Image

from mminspect.inspection.output.folder import write_map


def test_map_is_one_channel_of_32_bit_floats(tmp_path):
    heat = np.random.default_rng(0).normal(size=(37, 53)).astype(np.float32) * 1e-3
    write_map(tmp_path / 'deep' / 'a.tiff', heat)
    found = cv2.imread(str(tmp_path / 'deep' / 'a.tiff'), cv2.IMREAD_UNCHANGED)
    assert found.dtype == np.float32 and np.array_equal(found, heat)
    with Image.open(tmp_path / 'deep' / 'a.tiff') as image:
        assert image.mode == 'F' and image.tag_v2[258] == (32, ) and image.tag_v2[339] == (3, )  # IEEE floating point
        assert np.array_equal(np.asarray(image), heat)


def test_a_part_of_a_larger_map(tmp_path):
    heat = np.arange(200, dtype=np.float32).reshape(10, 20)
    write_map(tmp_path / 'a.tiff', heat[2:7, ::2])
    assert np.array_equal(cv2.imread(str(tmp_path / 'a.tiff'), cv2.IMREAD_UNCHANGED), heat[2:7, ::2])


def test_a_map_that_does_not_fit_is_no_map(tmp_path):
    """With files limited to a page the system writes a part, as on a disk that gets full."""
    resource = pytest.importorskip('resource')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match='large'):
            write_map(tmp_path / 'a.tiff', np.ones((64, 64), np.float32))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
