"""Whoever reads an image sees the same pixels: training, test, inspection, exported models and the station.

What the check of the data accepts is read by all of them; what one of them would show otherwise is refused.
"""
from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile

from anomaly_rd.datasets.transforms import LoadInspectionImage as AnomalyLoader
from fdrd.transforms import LoadInspectionImage as DetectionLoader
from image_forms import CASES, GREY8, H, W, forms, refused, write
from inspection_helpers import Brightness, anomaly_spec
from mminspect.core.errors import UserError
from mminspect.inspection.inspector import Inspector
from mminspect.inspection.reading import load
from mminspect.station.sources import open_source
from mminspect.station.uploads import Limits, UploadError, check_upload
from mminspect.vision.image_files import probe_image
from mminspect.vision.image_sets import refuse_other_readers
from mminspect.vision.images import image_shape, read_image
from mminspect.vision.reading import Reading


def inspected(path: Path, max_value: float | None) -> np.ndarray:
    """The pixels that an inspector works with, whose model says how images are read."""
    spec = replace(anomaly_spec(), reading=Reading(max_value))
    return next(Inspector(Brightness(spec)).pairs([path]))[0]


READERS: dict[str, Callable[[Path, float | None], np.ndarray]] = dict(
    read_image=read_image, reading=lambda path, white: Reading(white).read(path),
    anomaly=lambda path, white: AnomalyLoader(white)(dict(img_path=str(path)))['img'],
    detection=lambda path, white: DetectionLoader(white)(dict(img_path=str(path)))['img'][..., ::-1],
    inspection=lambda path, white: load(path, 'x', Reading(white)).pixels, inspector=inspected)
FORMS = {form.name: form for form in forms()}
REFUSED = {form.name: form for form in refused()}


def test_forms_have_names_of_their_own() -> None:
    assert len(FORMS) == len(forms()) > 150


@pytest.mark.parametrize('name', FORMS)
def test_one_picture_in_every_form_and_reader(tmp_path: Path, name: str) -> None:
    form = FORMS[name]
    path = write(form, tmp_path)
    probe = probe_image(path, max_value=form.max_value)
    assert (probe.problem, probe.size) == (None, (W, H)) and image_shape(path) == (H, W)
    first = read_image(path, form.max_value)
    assert first.shape == (H, W, 3) and first.dtype in (np.uint8, np.float32)
    away = np.abs(first - GREY8[..., None].astype(float))
    if form.step:
        edge = slice(W // 2 - 8, W // 2 + 8) if form.step >= 1 else slice(0, 0)  # lossy files blur it
        away[:, edge] = 0
    assert away.max() <= form.step
    for reader, read in READERS.items():
        found = read(path, form.max_value)
        assert found.dtype == first.dtype, reader
        np.testing.assert_array_equal(found, first, err_msg=reader)
    if probe.common:
        np.testing.assert_array_equal(LoadImageFromFile()(dict(img_path=str(path)))['img'][..., ::-1], first)
    else:
        with pytest.raises(UserError, match='is of a kind that LoadImageFromFile shows otherwise'):
            refuse_other_readers([dict(type='mmcv.LoadImageFromFile')], [path], [probe])


@pytest.mark.parametrize('name', FORMS)
def test_the_station_sees_the_same_or_refuses(tmp_path: Path, name: str) -> None:
    form = FORMS[name]
    path = write(form, tmp_path)
    try:
        pixels = check_upload(io.BytesIO(form.data), name, Limits()).pixels
    except UploadError as error:
        assert error.status in (415, 422) and len(error.message) > 20, error.message
    else:
        np.testing.assert_array_equal(pixels, read_image(path))
    if form.max_value is None:
        frame = next(open_source(f'folder:{tmp_path}').frames()).pixels
        np.testing.assert_array_equal(frame, np.rint(read_image(path)))


@pytest.mark.parametrize('name', REFUSED)
def test_what_no_reader_can_know_is_refused_by_check_and_readers(tmp_path: Path, name: str) -> None:
    form = REFUSED[name]
    path = write(form, tmp_path)
    assert probe_image(path, max_value=form.max_value).problem.startswith(('of an unusual kind', 'of numbers'))
    for read in READERS.values():
        with pytest.raises(UserError, match=rf'{name}.*: (save|repair)'):
            read(path, form.max_value)
    with pytest.raises(UploadError) as error:
        check_upload(io.BytesIO(form.data), name, Limits())
    assert error.value.status in (415, 422)


def test_case_of_a_half_turn(tmp_path: Path) -> None:
    """Its pixels lie upright in the file, and EXIF asks for a half turn: every reader obeys."""
    path = CASES / 'exif180.jpg'
    assert probe_image(path).orientation == 3
    for read in READERS.values():
        found = read(path, None)[..., 0].astype(int)
        assert np.abs(found[:, :24] - 200).max() < 3 and np.abs(found[:, 40:] - 40).max() < 3
    np.testing.assert_array_equal(LoadImageFromFile()(dict(img_path=str(path)))['img'][..., ::-1], read_image(path))


def test_signed_numbers_with_a_declared_white(tmp_path: Path) -> None:
    path = write(REFUSED['int16_signed_negative.tif'], tmp_path)
    found = read_image(path, 32767)
    assert probe_image(path, max_value=32767).problem is None
    np.testing.assert_allclose([found[0, 0, 0], found[0, -1, 0]], [0, 18632 * 255 / 32767], rtol=1e-6)


def score(path: Path, reading: Reading, network: Callable = Brightness) -> float:
    return Inspector(network(replace(anomaly_spec(), reading=reading)))(path).score


def test_one_part_of_8_bits_and_of_12_in_16(tmp_path: Path) -> None:
    """The setting travels with the model: every path gives one score."""
    eight, twelve = CASES / 'part8.png', CASES / 'part12in16.png'
    reading = Reading(4095)
    expected = score(twelve, reading)
    assert abs(score(eight, reading) - expected) < 1 / 255 and abs(score(twelve, Reading()) - expected) > 0.2
    array = DetectionLoader(4095)(dict(img_path=str(twelve)))['img'][..., ::-1]
    ready = Inspector(Brightness(replace(anomaly_spec(), reading=Reading(255))))  # of arrays that are 0..255 already
    assert ready(AnomalyLoader(4095)(dict(img_path=str(twelve)))['img']).score == expected
    assert ready(array).score == expected
    (tmp_path / 'a.png').write_bytes(twelve.read_bytes())
    source = open_source(f'folder:{tmp_path}')
    source.reading = reading
    frame = next(source.frames()).pixels  # of 8 bits, as a camera's
    assert abs(Inspector(Brightness())(frame).score - expected) < 1 / 255
