import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from anomaly_rd.visualization import figure_array, save_figure


def drawing():
    figure = Figure(figsize=(2, 1), dpi=50)
    figure.patch.set_facecolor((1, 0, 0))
    return figure


def test_file_and_array_are_the_same_picture(tmp_path):
    path = save_figure(drawing(), tmp_path / 'deep' / 'a.png')
    array = figure_array(drawing())
    assert array.shape == (50, 100, 3) and array[0, 0].tolist() == [255, 0, 0]
    assert np.array_equal(cv2.imread(str(path))[..., ::-1], array)


def test_a_failed_drawing_leaves_the_old_file(tmp_path, monkeypatch):
    path = save_figure(drawing(), tmp_path / 'a.png')
    before = path.read_bytes()
    broken = drawing()
    monkeypatch.setattr(broken, 'draw', lambda renderer: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_figure(broken, path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ['a.png']
