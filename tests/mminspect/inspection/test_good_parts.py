"""Folders that are said to hold good parts alone."""
import re

import pytest

from mminspect.core.errors import UserError
from mminspect.inspection.good_parts import check_good_parts, folders_without_good


@pytest.mark.parametrize('names', [
    [], ['a.png', 'b.png'], ['good/a.png'], ['good/a.png', 'b.png'], ['camera1/a.png', 'camera2/b.png'],
    ['monday/good/a.png', 'tuesday/good/b.png', 'tuesday/OK/b.png'], ['train/good/a.png', 'test/good/a.png'],
    ['good/left/a.png', 'good/right/b.png'], ['broken.png', 'goodness/a.png', 'hole/b.png']])
def test_folders_that_may_be(names: list[str]) -> None:
    check_good_parts(names, 'parts')


@pytest.mark.parametrize(('names', 'wrong', 'remedy'), [
    (['good/a.png', 'hole/b.png'], 'in hole, which', "name 'parts/good'"),
    (['test/good/a.png', 'test/hole/b.png', 'test/cut/c.png'], 'in test/cut, test/hole, which', "'parts/test/good'"),
    (['GOOD/a.png', 'x/y/b.png'], 'in x, which', "name 'parts/GOOD'"),
    (['正常/a.png', '划痕/b.png'], 'in 划痕', '正常'),
    (['a.png', 'NG/b.png'], 'in NG, which', 'name a folder without them'),
    (['camera1/a.png', 'camera1/ground_truth/a.png'], 'in camera1/ground_truth', 'without them'),
    (['good/a.png', *(f'd{n}/a.png' for n in range(5))], 'in d0, d1, d2, ..., which', 'good'),
])
def test_folders_of_defects(names: list[str], wrong: str, remedy: str) -> None:
    with pytest.raises(UserError, match=f"'parts' holds images {re.escape(wrong)}.*{re.escape(remedy)}"):
        check_good_parts(names, 'parts')


@pytest.mark.parametrize(('names', 'said'), [
    (['hole/a.png', 'stain/b.png', 'thread/c.png', 'thread/d.png'], "'parts' has 3 folders of images, none of which is "
     'called good (hole, stain, thread): all 4 images are taken for good parts'),
    ([f'd{n}/a.png' for n in range(5)], '(d0, d1, d2, ...)'), (['a.png', 'x/b.png'], None),
    (['a.png', 'b.png'], None), (['mon/good/a.png', 'tue/b.png'], None),
    (['good/left/a.png', 'good/right/a.png'], None)])
def test_folders_of_which_none_is_called_good(names: list[str], said: str | None) -> None:
    found = folders_without_good(names, 'parts')
    assert found is None if said is None else said in found
