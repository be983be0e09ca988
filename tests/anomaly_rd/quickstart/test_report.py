"""The page at the end; what a whole quickstart puts into it is in tests/tools/test_quickstart.py."""
from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from anomaly_rd.quickstart.report import draw_scores


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
