"""What of the figures is worth a sentence."""
from __future__ import annotations

from collections.abc import Iterator

from .comparing import SHIFTING
from .copies import NEARLY_EQUAL
from .findings import ERROR, WARNING, Finding
from .leaks import Leak, find_leaks
from .objects import ObjectSize
from .surveying import SplitSurvey, Survey

#: Objects below the limit are told from this share on.
MANY_SMALL = 0.1


def conclude(found: Survey) -> list[Finding]:
    """Warnings about copies, cues, small objects and differences of splits; errors about files that cannot be read."""
    return [*_unlisted(found), *_unreadable(found), *_leaks(found), *_cues(found), *_small(found), *_shifts(found)]


def leaks_of(found: Survey) -> list[Leak]:
    """What the splits share, and what they have twice."""
    return find_leaks([one.split for one in found.splits], found.paths, found.copies.pairs)


def small_objects(one: SplitSurvey, limit: float) -> list[ObjectSize]:
    """Objects of a split that are smaller than the limit behind resizing, smallest first."""
    return sorted((thing for thing in one.objects if thing.after < limit), key=lambda thing: (thing.after, thing.path))


def _unlisted(found: Survey) -> Iterator[Finding]:
    told = {finding.text for finding in found.findings}
    for one in found.splits:
        if one.split.problem and one.split.problem not in told:
            yield Finding(ERROR, one.name, one.split.problem)


def _unreadable(found: Survey) -> Iterator[Finding]:
    for one in found.splits:
        if one.unreadable:
            path, why = one.unreadable[0]
            yield Finding(ERROR, one.name, f'{len(one.unreadable)} of {len(one.split.items)} images cannot be read '
                                           f"(first: '{path}' {why}): replace or remove them")


def _leaks(found: Survey) -> Iterator[Finding]:
    for leak in leaks_of(found):
        text = _of_leak(leak)
        if leak.contradictions:
            text += f'; {leak.contradictions} of them count as good in one place and as defective in the other'
        yield Finding(WARNING, leak.second, text)
    if found.copies.unseen:
        yield Finding(WARNING, 'all', f'{found.copies.unseen} further pairs of images that look alike were not '
                                      'compared: remove the copies that are told and look again')


def _of_leak(leak: Leak) -> str:
    """Copies are called so; what is nearly equal at 128x128 may differ in a small defect, and is to be looked at."""
    kinds = ', '.join(f'{count} {kind}' for kind, count in leak.kinds.items())
    told = f"({kinds}; first: '{leak.copies[0].other}' and '{leak.copies[0].path}')"
    one, within = leak.count == 1, leak.first == leak.second
    counted = f'{leak.count} of {leak.total} images'
    if set(leak.kinds) == {NEARLY_EQUAL}:
        other = 'another one' if within else f'one of {leak.first}'
        what = 'keep one of each copy' if within else 'copies make every figure too good'
        return f'{counted} {"looks" if one else "look"} nearly like {other} {told}: compare them in the report; {what}'
    if within:
        return f'{counted} {"is" if one else "are"} there a second time {told}: keep one of each'
    return f'{counted} {"is" if one else "are"} also in {leak.first} {told}: move each to one side, or every figure ' \
           'is too good'


def _cues(found: Survey) -> Iterator[Finding]:
    for name, cues in found.cues.items():
        for cue in (cue for cue in cues if cue.telling):
            chance = '' if cue.certain else (f' (of {cue.good} good and {cue.defective} defective images this may be '
                                             'chance)')
            yield Finding(WARNING, name, f'the {cue.name} alone tells defective from good images with an AUROC of '
                                         f'{cue.strength:.2f}{chance}: image-level figures on this split say little '
                                         'about defects')


def _small(found: Survey) -> Iterator[Finding]:
    for one in (one for one in found.splits if one.objects):
        small = small_objects(one, found.limit)
        gone = sum(not thing.after for thing in small)
        if gone:
            yield Finding(WARNING, one.name, f'{gone} of {len(one.objects)} objects vanish on the way to the network '
                                             f"(first: '{small[0].path}'): use a larger input or tiles")
        if len(small) > MANY_SMALL * len(one.objects):
            stride = ', the smallest stride of the detector' if found.limit == found.stride else ''
            images = {thing.path for thing in one.objects}
            only = images - {thing.path for thing in one.objects if thing.after >= found.limit}
            yield Finding(WARNING, one.name, f'{len(small)} of {len(one.objects)} objects are smaller than '
                                             f"{found.limit:g} px at the network's input{stride} ({len(only)} of "
                                             f'{len(images)} images with objects have no larger one): use a larger '
                                             'input or tiles')


def _shifts(found: Survey) -> Iterator[Finding]:
    for shift in (shift for shift in found.shifts if shift.telling and shift.name in SHIFTING):
        yield Finding(WARNING, shift.second, f'the {shift.name} of images differs from {shift.first}: medians '
                                             f'{shift.medians[1]:.4g} and {shift.medians[0]:.4g}, AUROC '
                                             f'{shift.auroc:.2f} (0.5 is no difference); were they taken in another '
                                             'way?')
