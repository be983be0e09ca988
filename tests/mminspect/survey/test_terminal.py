"""What is printed."""
from __future__ import annotations

import pytest

from mminspect.survey.surveying import Survey
from mminspect.survey.terminal import progress, show


def test_it_says_what_the_page_says(told: Survey, capsys: pytest.CaptureFixture) -> None:
    show(told)
    out = capsys.readouterr().out
    for finding in told.findings:
        assert f'{finding.level}: {finding.place}: {finding.text}' in out
    assert 'Does one number give defects away?' in out and out.rstrip().endswith('warnings')
    assert '<b>again.bmp' in out and '\x1b' not in out  # not taken for markup, no colours in a file


def test_progress_goes_through_all_and_is_silent_in_a_file(capsys: pytest.CaptureFixture) -> None:
    assert list(progress(iter([(1, ), (2, )]), 2)) == [(1, ), (2, )]
    assert capsys.readouterr().err == ''
