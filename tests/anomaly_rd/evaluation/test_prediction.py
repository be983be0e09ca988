"""Reading data samples, with the user's mistakes."""
import cv2
import numpy as np
import pytest
import torch

from anomaly_rd.evaluation.prediction import read_prediction
from mminspect.core.errors import UserError


def sample(**changes) -> dict:
    mask = torch.zeros(4, 6, dtype=torch.uint8)
    mask[1, 2] = 1
    return dict(img_path='a/b.png', sample_idx=3, ori_shape=(8, 12), gt_label=torch.tensor(1), gt_mask=mask,
                anomaly_map=torch.arange(24.0).reshape(4, 6), pred_score=torch.tensor(0.5)) | changes


def test_fields():
    read = read_prediction(sample(), True, False)
    assert (read.img_path, read.sample_idx, read.score, read.label) == ('a/b.png', 3, 0.5, 1)
    assert read.scores.dtype == np.float32 and read.scores[1, 2] == 8 and np.argwhere(read.mask).tolist() == [[1, 2]]
    assert read_prediction(sample(anomaly_map=None), False, False).scores is None


def test_half_precision_maps_are_taken():
    assert read_prediction(sample(anomaly_map=torch.ones(4, 6).half()), True, False).scores.dtype == np.float32


def test_mask_of_a_normal_and_of_an_unmasked_image():
    assert not read_prediction(sample(gt_mask=None, gt_label=0), True, False).mask.any()
    assert read_prediction(sample(gt_mask=None), True, False).mask is None


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(pred_score=torch.tensor(float('nan'))), 'score of a/b.png is nan'),
    (dict(pred_score=torch.tensor(float('inf'))), 'score of a/b.png is inf'),
    (dict(anomaly_map=torch.full((4, 6), -torch.inf)), 'map of a/b.png holds NaN or infinite'),
    (dict(gt_mask=torch.zeros(4, 4)), 'mask of a/b.png has 4x4 pixels but its anomaly map 4x6'),
    (dict(pred_score=None), 'a/b.png has no pred_score'),
])
def test_mistakes_name_the_image(changes, message):
    with pytest.raises(UserError, match=message):
        read_prediction(sample(**changes), True, False)


def test_a_method_that_judges_whole_images_has_no_map():
    found = read_prediction(sample(anomaly_map=None), True, False)
    assert found.scores is None and found.mask is None and np.isfinite(found.score)


@pytest.mark.parametrize('channels', [1, 3, 4])
def test_original_size(tmp_path, channels):
    path = tmp_path / 'maske_ä.png'
    image = np.zeros((8, 12, channels), np.uint8)
    image[2:4, 4:6, :3] = 1  # 0/1 masks are masks, too
    image[..., 3:] = 255  # an opaque alpha channel is none
    path.write_bytes(cv2.imencode('.png', image)[1].tobytes())
    read = read_prediction(sample(mask_path=str(path)), True, True)
    assert read.mask.shape == read.scores.shape == (8, 12) and read.mask.sum() == 4
    # half-pixel centres: row 1 of 8 lies at 0.25 of 4, column 1 of 12 at 0.25 of 6
    assert read.scores[1, 1] == pytest.approx(0.25 * 6 + 0.25) and read.scores[0, 0] == 0
    good = read_prediction(sample(mask_path=None, gt_label=0), True, True)
    assert good.mask.shape == (8, 12) and not good.mask.any()
    assert read_prediction(sample(mask_path=None), True, True).mask is None
    with pytest.raises(UserError, match=r'is 12x8, but its image .* is 12x9'):
        read_prediction(sample(mask_path=str(path), ori_shape=(9, 12)), True, True)
    path.write_bytes(b'no image')
    with pytest.raises(UserError, match='maske_ä'):
        read_prediction(sample(mask_path=str(path)), True, True)


def test_original_size_of_a_tile(tmp_path):
    mask = np.zeros((20, 30), np.uint8)
    mask[10, 20] = 255
    cv2.imwrite(str(tmp_path / 'mask.png'), mask)
    tile = dict(mask_path=str(tmp_path / 'mask.png'), tile=(8, 15, 16, 27))
    assert np.argwhere(read_prediction(sample(**tile), True, True).mask).tolist() == [[2, 5]]


def test_original_size_of_a_crop(tmp_path):
    """The map of the middle is compared with the middle of the mask, not stretched over all of it."""
    mask = np.zeros((80, 120), np.uint8)
    mask[0:10], mask[40, 60] = 255, 255
    cv2.imwrite(str(tmp_path / 'mask.png'), mask)
    crop = dict(ori_shape=(80, 120), crop=(0.25, 0.1, 0.75, 0.9))
    read = read_prediction(sample(mask_path=str(tmp_path / 'mask.png'), **crop), True, True)
    assert read.mask.shape == read.scores.shape == (40, 96) and np.argwhere(read.mask).tolist() == [[20, 48]]
    assert read_prediction(sample(mask_path=None, gt_label=0, **crop), True, True).mask.shape == (40, 96)


def test_area_of_the_largest_defect():
    assert read_prediction(sample(defect_area=12), False, False).area == 12
    assert read_prediction(sample(), True, False).area is None
