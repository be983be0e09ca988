import numpy as np
import pytest
from scipy import ndimage

from anomaly_rd.datasets.transforms import CutPaste
from mminspect.core.errors import UserError


def texture(side: int = 128) -> np.ndarray:
    return np.random.randint(0, 256, (side, side, 3), dtype=np.uint8)


def run(image: np.ndarray, **options) -> tuple[np.ndarray, np.ndarray]:
    results = CutPaste(**options).transform(dict(img=image))
    assert results['img'] is image
    return results['img_corrupt'], results['synthetic_mask']


def test_nothing_is_labelled_where_nothing_changed():
    image = np.full((64, 64, 3), 128, np.uint8)
    for _ in range(20):
        corrupt, mask = run(image, jitter=0.0)
        assert np.array_equal(corrupt, image)
        assert not mask.any()


@pytest.mark.parametrize('dtype', ['uint8', 'float32'])
@pytest.mark.parametrize('source', ['same', 'other'])
def test_mask_is_exactly_the_change_of_eight_grey_levels(dtype, source):
    transform = CutPaste(source=source)
    for _ in range(10):
        image = (texture() // 8).astype(dtype) + 100  # neighbouring grey levels, so that many changes are below 8
        results = transform.transform(dict(img=image))
        change = np.abs(results['img_corrupt'].astype(float) - image).max(-1)
        assert np.array_equal(results['synthetic_mask'] == 1, change >= 8)  # nothing changes outside of a footprint
        assert 0 < results['synthetic_mask'].sum() < (change > 0).sum()
        assert results['img_corrupt'].dtype == image.dtype
        assert results['synthetic_mask'].dtype == np.uint8


def test_input_is_left_alone():
    image = texture()
    before = image.copy()
    run(image)
    assert np.array_equal(image, before)


def test_a_patch_is_a_rectangle_of_the_promised_size_from_elsewhere():
    areas, aspects = [], []
    for _ in range(60):
        image = texture()
        corrupt, mask = run(image, kinds=('patch',), count=(1, 1), jitter=0.0, min_change=1.0)
        rows, columns = ndimage.find_objects(mask)[0]
        height, width = rows.stop - rows.start, columns.stop - columns.start
        assert mask[rows, columns].mean() > 0.99  # random pixels are rarely equal
        windows = np.lib.stride_tricks.sliding_window_view(image, (height, width), axis=(0, 1))
        first = (windows[..., 0, 0] == corrupt[rows.start, columns.start]).all(-1)
        assert any(np.array_equal(windows[y, x].transpose(1, 2, 0), corrupt[rows, columns])
                   for y, x in zip(*np.nonzero(first), strict=True))
        areas.append(height * width / 128**2)
        aspects.append(width / height)
    assert 0.018 < min(areas) < 0.05 < 0.11 < max(areas) < 0.155
    assert 0.28 < min(aspects) < 0.6 < 1.6 < max(aspects) < 3.5


def test_a_patch_never_goes_back_to_where_it_was():
    image = np.random.randint(0, 256, (4, 4, 3), dtype=np.uint8)
    for _ in range(100):  # nine positions of a 2 x 2 patch
        _, mask = run(image, kinds=('patch',), count=(1, 1), jitter=0.0, area=(0.25, 0.25), aspect=(1.0, 1.0),
                      min_change=0.5)
        assert mask.any()


def test_a_scar_is_thin_and_leans_by_at_most_45_degrees():
    angles = []
    for _ in range(60):
        _, mask = run(texture(), kinds=('scar',), count=(1, 1), scar_width=(3, 3), scar_length=(25, 25), jitter=0.0,
                      min_change=1.0)
        y, x = np.nonzero(mask)
        values, vectors = np.linalg.eigh(np.cov(np.stack([y, x])))
        assert 12 * values[1] == pytest.approx(25**2, rel=0.2)  # variance of a bar of length 25
        assert 12 * values[0] == pytest.approx(3**2, rel=0.4)
        angles.append(np.rad2deg(np.arctan2(*vectors[:, 1][::-1] * np.sign(vectors[0, 1]))))
    assert -47 < min(angles) < -20 and 20 < max(angles) < 47


def test_number_of_pieces():
    found = {ndimage.label(run(texture(256), kinds=('scar',), scar_width=(4, 4), min_change=1.0)[1],
                           np.ones((3, 3)))[1] for _ in range(40)}
    assert max(found) == 3 and 1 in found


@pytest.mark.parametrize('prob', [0.0, 0.5, 1.0])
def test_probability(prob):
    share = np.mean([run(texture(64), prob=prob)[1].any() for _ in range(100)])
    assert share == pytest.approx(prob, abs=0.15 if prob == 0.5 else 0)


def test_colour_jitter_changes_a_uniform_image_by_a_tenth_at_most_in_brightness():
    image = np.full((64, 64, 3), 128, np.uint8)  # grey has no contrast, saturation or hue
    corrupt, _ = zip(*(run(image, min_change=1.0) for _ in range(60)), strict=True)
    values = np.stack(corrupt)
    assert np.array_equal(values[..., 0], values[..., 1]) and np.array_equal(values[..., 0], values[..., 2])
    assert 115 <= values.min() < 120 and 136 < values.max() <= 141


def test_other_source_is_an_earlier_image():
    transform = CutPaste(source='other', jitter=0.0, kinds=('patch',))
    first, second = (np.full((64, 64, 3), value, np.uint8) for value in (50, 200))
    assert not transform.transform(dict(img=first))['synthetic_mask'].any()  # nothing else seen yet
    results = transform.transform(dict(img=second))
    assert set(np.unique(results['img_corrupt'])) == {50, 200}
    assert np.array_equal(results['synthetic_mask'] == 1, results['img_corrupt'][..., 0] == 50)


@pytest.mark.parametrize('shape', [(32, 32), (32, 256), (256, 32)])
def test_small_and_long_images(shape):
    for _ in range(50):
        corrupt, mask = run(np.random.randint(0, 256, (*shape, 3), dtype=np.uint8))
        assert corrupt.shape == (*shape, 3) and mask.shape == shape


def test_same_seed_same_defects():
    image, outcomes = texture(), []
    for _ in range(2):
        np.random.seed(3)
        outcomes.append(run(image)[0])
    assert np.array_equal(*outcomes)
    assert not np.array_equal(outcomes[0], run(image)[0])


@pytest.mark.parametrize('wrong', [dict(kinds=('hole',)), dict(prob=2), dict(source='dtd'), dict(count=(3, 1))])
def test_wrong_values(wrong):
    with pytest.raises(UserError, match='CutPaste'):
        CutPaste(**wrong)
