"""Names of views, from the pipeline to the batch, and those that no model takes."""
from __future__ import annotations

import numpy as np
import pytest

from mminspect.core.errors import UserError
from mminspect.models.views import refuse_undeclared, views_in


def test_views_are_the_further_images_of_a_sample() -> None:
    clean = np.zeros((2, 3, 3), np.uint8)
    found = views_in(dict(img=clean, img_clean=clean, img_grey=clean + 1, img_path='a.png', mask=clean))
    assert found.keys() == {'inputs_clean', 'inputs_grey'} and found['inputs_clean'] is clean


def test_a_view_that_nobody_takes_is_named() -> None:
    refuse_undeclared('Detector', ('clean',), {'inputs_clean': 0})
    with pytest.raises(UserError, match=r'gives Detector the view inputs_grey, .* declares inputs_clean\).* img_grey'):
        refuse_undeclared('Detector', ('clean',), {'inputs_grey': 0})
    with pytest.raises(UserError, match=r'it declares none\)'):
        refuse_undeclared('Plain', (), ['inputs_a'])
