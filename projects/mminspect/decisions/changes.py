"""What a new calibration says otherwise than the one that a model held before, both from normal images.

The promise of a threshold is one for images like those of the calibration. Where two sets of good parts score
otherwise, the model does not know one of them, and a threshold that lets both pass lets defects pass as well.
"""
from __future__ import annotations

from bisect import bisect_right
from statistics import median

from .calibration import Calibration
from .drift import compare
from .normal_scores import NormalScores, percentage

#: Probability of a false alarm of one calibration. Larger than that of a monitor, which looks at every part.
ALPHA = 0.01


def calibration_changes(earlier: Calibration | None, new: Calibration) -> list[str]:
    """Warnings: the normal images score otherwise than the earlier ones, the threshold moves far.

    Args:
        earlier: What the model held; nothing is said without its scores, where they are of training images (which are
            lower than those of new good parts), and where images were cut into other tiles.
        new: Fitted with the same model.
    """
    if earlier is None or earlier.scores is None or new.scores is None or not earlier.scores.unseen:
        return []
    if (earlier.tile or 0, earlier.overlap) != (new.tile or 0, new.overlap):
        return []
    return [text for text in (_other_scores(earlier, new.scores), _other_threshold(earlier, new)) if text]


def _other_scores(earlier: Calibration, scores: NormalScores) -> str:
    """By the test of Kolmogorov and Smirnov."""
    known, limit = earlier.scores, earlier.threshold.value
    report = compare(known.values, scores.values, ALPHA)
    if not report.drifted:
        return ''
    above = len(scores) - bisect_right(scores.values, limit)
    figures = (f'these {len(scores)} good images score otherwise than the {len(known)} by which the model was '
               f'calibrated before ({known.origin}): {_range(scores)}, before {_range(known)} (p = '
               f'{report.p_value:.1g}); {above} of {len(scores)} are above the threshold so far, {limit:.4g}, where '
               f'{percentage(known.false_reject_rate(limit).rate)} % were expected')
    if median(scores.values) > median(known.values) or above > len(scores) * known.false_reject_rate(limit).rate:
        return (f'{figures}. The model does not know such images: train it with them, since a threshold that lets them '
                'pass lets defects pass too')
    return (f'{figures}. They are easier than new parts are, as images of the training would be: calibrate with good '
            'parts of the line that the training has not seen')


def _other_threshold(earlier: Calibration, new: Calibration) -> str:
    """Upwards by more than the earlier scores span, or down to where it rejects more of them than is promised."""
    known, before, now = earlier.scores, earlier.threshold.value, new.threshold.value
    above = len(known) - bisect_right(known.values, now)
    span = known.values[-1] - known.values[0]
    moved = f'the threshold moves from {before:.4g} to {now:.4g}'
    where = (f'the {len(known)} earlier scores of good images ({_range(known)}; {len(known) - above} at the new one or '
             f'below, {above} above)')
    if now - before > max(span, 0.05 * abs(before)):
        return (f'{moved}, by more than {where} span: what scores between the two was a defect and is good from now '
                'on. Inspect known defects again before you use it')
    promised = new.scores.false_reject_rate(now).rate
    if known.false_reject_rate(now).low > promised:
        return (f'{moved}, and of {where} more are rejected than the {percentage(promised)} % that are promised: '
                'calibrate with images of all good parts together')
    return ''


def _range(scores: NormalScores) -> str:
    return f'{scores.values[0]:.4g} to {scores.values[-1]:.4g}, median {median(scores.values):.4g}'
