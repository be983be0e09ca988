from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from inspection_helpers import Brightness, Corners, bright
from mminspect.decisions import MapScale
from mminspect.inspection import Inspector
from mminspect.station.worker.pictures import HEAT, OVERLAY, VIEW, write_pictures

SCALE = MapScale(0.1, 0.5)  # colours from 0.1 to 0.9


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert('RGBA' if path.suffix == '.png' else 'RGB'))


def test_view_and_overlay(tmp_path: Path) -> None:
    picture = bright(80, spot=230)
    result = Inspector(Brightness())(picture)
    assert set(write_pictures(tmp_path / 'new', picture, result, SCALE)) == {VIEW, OVERLAY, HEAT}
    assert {path.name for path in (tmp_path / 'new').iterdir()} == {VIEW, OVERLAY, HEAT}
    view, overlay = read(tmp_path / 'new' / VIEW), read(tmp_path / 'new' / OVERLAY)
    assert view.shape == overlay.shape == picture.shape
    assert np.abs(view.astype(int) - picture).mean() < 2
    changed = np.abs(overlay.astype(int) - picture)
    assert changed[16:32, 48:64].mean() > 30 and changed[:, :40].mean() < 3  # normal areas stay as they are


def test_heat_has_the_colours_of_the_calibrated_scale(tmp_path: Path) -> None:
    """0.5, the limit, and less: transparent; above it the colours of the scale; whatever the image's own range."""
    ramp = np.repeat(np.linspace(0, 255, 64, dtype=np.uint8)[None, :, None], 48, axis=0).repeat(3, axis=2)
    result = Inspector(Brightness())(ramp)
    write_pictures(tmp_path, ramp, result, SCALE)
    heat = read(tmp_path / HEAT)
    above = result.anomaly_map > 0.5
    assert heat.shape == (48, 64, 4) and 20 < above[0].sum() < 44
    np.testing.assert_array_equal(heat[..., 3], np.where(above, 255, 0))
    steps = np.clip((result.anomaly_map - 0.1) / 0.8 * 255, 128, 255).astype(np.uint8)
    turbo = cv2.applyColorMap(steps, cv2.COLORMAP_TURBO)[..., ::-1]
    np.testing.assert_array_equal(heat[above][:, :3], turbo[above])


@pytest.mark.parametrize('network, scale', [(Corners(), None), (Brightness(), None)])
def test_no_heat_without_a_map_or_its_scale(tmp_path: Path, network: Brightness | Corners, scale: None) -> None:
    result = Inspector(network)(bright(200))
    assert set(write_pictures(tmp_path, bright(200), result, scale)) == {VIEW, OVERLAY}
    assert not (tmp_path / HEAT).exists()


def test_large_images_become_smaller_all_alike(tmp_path: Path) -> None:
    picture = cv2.resize(bright(80, spot=230), (5000, 1001))
    write_pictures(tmp_path, picture, Inspector(Brightness())(picture), SCALE)
    assert {read(tmp_path / name).shape[:2] for name in (VIEW, OVERLAY, HEAT)} == {(410, 2048)}


def test_sixteen_bits(tmp_path: Path) -> None:
    deep = np.full((40, 50, 3), 99.6, np.float32)
    write_pictures(tmp_path, deep, Inspector(Brightness())(deep.astype(np.uint8)), SCALE)
    assert abs(read(tmp_path / VIEW).mean() - 100) < 0.5


def test_old_pictures_are_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for level in (50, 150):
        write_pictures(tmp_path, bright(level), Inspector(Brightness())(bright(level)), SCALE)
    assert abs(read(tmp_path / VIEW).mean() - 150) < 2
    assert len(list(tmp_path.iterdir())) == 3
