"""Calibrations from the numbers of normal images."""
import numpy as np
import pytest

from mminspect.core.errors import UserError
from mminspect.decisions import (
    MapScale,
    NormalImage,
    NormalScores,
    Threshold,
    digest_of,
    distinct_images,
    fit_calibration,
)

IMAGES = [NormalImage(5.0, (0.1, 0.0), (0.5, 1.0)), NormalImage(3.0, (0.05, 0.0), (0.3, 4.0)),
          NormalImage(4.0, (0.2, 0.0), (0.4, 2.0))]


def test_limits_are_the_rule_on_the_largest_value_of_each_image() -> None:
    found = fit_calibration(IMAGES, 'quantile', 0.5, 'training images')
    assert found.threshold == Threshold(4.0, 'training images', 3, 'quantile 0.5')
    assert found.scales == (MapScale(0.05, 0.4), MapScale(0.0, 2.0))
    assert found.scores == NormalScores.of([3.0, 4.0, 5.0], 'training images')
    assert fit_calibration(IMAGES, 'max').scales == (MapScale(0.05, 0.5), MapScale(0.0, 4.0))


def test_a_false_reject_rate_is_promised_by_rank() -> None:
    """Of 20 images, the rate 0.1 leaves out the one beyond rank ceil(21 * 0.9) = 19, in scores and in maps."""
    rng = np.random.default_rng(0)
    scores, highs = rng.permutation(20) + 1.0, rng.permutation(20) + 101.0
    images = [NormalImage(score, (0.0,), (high,)) for score, high in zip(scores, highs, strict=True)]
    found = fit_calibration(images, origin='x', rate=0.1)
    assert found.threshold == Threshold(19.0, 'x', 20, 'false-reject rate 10 %') and found.fused == MapScale(0.0, 119.0)
    with pytest.raises(UserError, match='99 at least'):
        fit_calibration(images, rate=0.01)


def test_a_model_without_maps_has_no_scale() -> None:
    found = fit_calibration([NormalImage(1.0), NormalImage(2.0)], 'max')
    assert found.threshold.value == 2 and found.fused is None and found.levels == () and found.scales == ()


def test_mistakes() -> None:
    with pytest.raises(UserError, match='no score to fit'):
        fit_calibration([])
    with pytest.raises(UserError, match='NaN or infinite'):
        fit_calibration([NormalImage(1.0, (0.0,), (float('nan'),))])


def test_copies_of_an_image_count_once(caplog: pytest.LogCaptureFixture) -> None:
    """A camera that stands still: 16 pictures, of which four differ; the promise is that of four."""
    images = [NormalImage(float(n % 4), digest=f'picture {n % 4}') for n in range(16)]
    found = fit_calibration(images, origin='x', rate=0.2)  # four images promise no less
    assert found.threshold == Threshold(3.0, 'x', 4, 'false-reject rate 20 %') and found.scores.values == (0, 1, 2, 3)
    assert 'Of 16 normal images only 4 differ from each other' in caplog.text
    with pytest.raises(UserError, match='of 16 images only 4 differ from each other: 4 normal images are too few'):
        fit_calibration(images, origin='x', rate=0.1)


def test_images_whose_pixels_are_not_known_are_the_same_if_all_their_numbers_are() -> None:
    one, other = NormalImage(1.0, (0.1,), (0.5,)), NormalImage(1.0, (0.1,), (0.6,))
    assert distinct_images([one, other, one]) == [one, other]
    assert len(distinct_images([NormalImage(0.0), NormalImage(0.0)])) == 2  # a detector that finds nothing
    assert len(distinct_images([NormalImage(0.0, digest='a'), NormalImage(0.0, digest='b')])) == 2


def test_scores_that_hardly_differ_are_told(caplog: pytest.LogCaptureFixture) -> None:
    fit_calibration([NormalImage(0.5, digest=str(n)) for n in range(9)] + [NormalImage(0.7, digest='x')], 'max')
    assert '10 normal images have only 2 different scores' in caplog.text
    caplog.clear()
    fit_calibration([NormalImage(0.0, digest=str(n)) for n in range(9)] + [NormalImage(0.7, digest='x')], 'max')
    fit_calibration(IMAGES, 'max')
    assert caplog.text == ''


def test_a_digest_is_of_pixels_shape_and_type() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    same = [pixels, pixels.copy(), np.asfortranarray(pixels), pixels[::-1][::-1]]
    others = [pixels.reshape(4, 2, 3), pixels.astype(np.float32), pixels + 1, pixels[:, ::-1]]
    assert len({digest_of(one) for one in same}) == 1
    assert len({digest_of(one) for one in [pixels, *others]}) == 5
