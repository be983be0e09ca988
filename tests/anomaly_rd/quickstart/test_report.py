"""The page at the end; what a whole quickstart puts into it is in tests/tools/test_quickstart.py."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from anomaly_rd.quickstart.paths import Paths
from anomaly_rd.quickstart.report import STYLE, _commands, draw_scores


def bars(figure: Figure) -> list[tuple[str, int]]:
    """Label and number of pictures of each group."""
    axis = figure.axes[0]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    return [(label, round(sum(bar.get_height() for bar in group)))
            for label, group in zip(labels, axis.containers, strict=False)]


def test_every_picture_is_in_a_bar() -> None:
    figure = draw_scores([1.0, 1.1, 1.2], [0.2, 5.0], 1.2)
    assert bars(figure) == [('good, kept from the training (3)', 3), ('inspected (2)', 2)]
    line, = figure.axes[0].lines
    assert np.allclose(line.get_xdata(), 1.2) and line.get_label() == 'threshold 1.2'


@pytest.mark.parametrize('kept', [[1.0], [1.0, 1.0, 1.0]])
def test_equal_scores_and_nothing_else(kept: list[float]) -> None:
    assert bars(draw_scores(kept, (), 1.0)) == [(f'good, kept from the training ({len(kept)})', len(kept))]


def test_no_colour_is_a_mixture_of_two() -> None:
    """Bars of two groups stand beside each other and are opaque."""
    figure = draw_scores([1.0, 1.0, 2.0], [1.0, 2.0, 2.0], 1.2, bins=4)
    kept, inspected = figure.axes[0].containers
    for left, right in zip(kept, inspected, strict=True):
        assert left.get_x() + left.get_width() <= right.get_x() + 1e-9
        assert left.get_facecolor()[3] == right.get_facecolor()[3] == 1


def test_commands_are_broken_and_not_cut_off(tmp_path: Path) -> None:
    lines = _commands(Paths(tmp_path / 'config' / 'part.py')).splitlines()
    assert lines[-2:] == ['# after changing the config:',
                          f'mminspect train {tmp_path}/config/part.py --work-dir {tmp_path}-2']
    assert 'pre-wrap' in STYLE
