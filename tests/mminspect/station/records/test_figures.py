"""Numbers and decisions on pages."""
from __future__ import annotations

import pytest
from django.template import Context, Template


@pytest.mark.parametrize(('value', 'shown'), [(None, '–'), (0, '0'), (0.123456, '0.1235'), (12345.6, '1.235e+04'),
                                              (0.5, '0.5'), (-1e-9, '-1e-09')])
def test_four_digits(value: float | None, shown: str) -> None:
    assert Template('{% load figures %}{{ value|figures }}').render(Context(dict(value=value))) == shown


@pytest.mark.parametrize(('value', 'shown'), [(True, 'defect'), (False, 'good'), (None, 'undecided')])
def test_a_decision_is_one_word(value: bool | None, shown: str) -> None:
    assert Template('{% load figures %}{{ value|decision }}').render(Context(dict(value=value))) == shown
