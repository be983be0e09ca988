"""Inspections with networks whose answers can be computed by hand."""
import json
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from inspection_helpers import Brightness, Corners, anomaly_inspector, anomaly_spec, bright, calibration, detection_spec
from mminspect.core.errors import UserError
from mminspect.decisions import Threshold
from mminspect.inspection import inspector as inspector_module
from mminspect.inspection import reading
from mminspect.inspection.inspector import Inspector
from mminspect.inspection.result import STAGES
from mminspect.inspection.tasks import anomaly as anomaly_task
from mminspect.vision import reading as vision_reading


def test_anomaly_result_of_an_array():
    image = bright(80, 250, shape=(64, 96))
    result = anomaly_inspector()(image, name='part 7')
    small = np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BILINEAR)).mean(axis=2) / 255
    expected = cv2.resize(small.astype(np.float32), (96, 64), interpolation=cv2.INTER_LINEAR)
    assert np.abs(result.anomaly_map - expected).max() < 1e-6 and result.anomaly_map.dtype == np.float32
    assert result.score == pytest.approx(small.max(), abs=1e-6) and result.is_defect is True
    assert result.threshold.value == 0.6 and result.image == 'part 7' and result.shape == (64, 96)
    (box, ), (score, ) = result.detections.boxes, result.detections.scores
    above = np.argwhere(expected > 0.5)
    assert box.tolist() == [*above.min(axis=0)[::-1], *(above.max(axis=0)[::-1] + 1)]
    assert score == expected.max()
    assert np.abs(box - [48, 16, 64, 32]).max() <= 3


def test_good_image_has_no_region():
    result = anomaly_inspector()(bright(80))
    assert result.is_defect is False and result.detections.boxes.shape == (0, 4)
    assert result.score == pytest.approx(80 / 255)


def test_detector_result_in_pixels_of_the_image():
    """64x96 becomes 32x48 in an input of 32x64: the right quarters are two thirds image, one third padding."""
    image = bright(0)
    image[:32, :60] = (255, 255, 255)  # the upper left quarter of the input
    image[32:, 64:] = (90, 0, 0)       # part of the lower right one: 16x16 of 16x32 pixels red, the rest padding
    result = Inspector(Corners())(image)
    (first, second), (best, less) = result.detections.boxes, result.detections.scores
    assert first.tolist() == [2, 4, 58, 24] and best == pytest.approx(60 / 64, abs=0.01)
    assert second.tolist() == [66, 36, 96, 56]  # cut off at the border of the image
    assert less == pytest.approx((30 * 0.5 + 7 * 0.5) / 255, abs=0.01)
    assert result.detections.labels.tolist() == [0, 1]
    assert result.score == best and result.is_defect is True and result.anomaly_map is None
    found = json.loads(json.dumps(result.as_dict()))
    assert [box['label'] for box in found['boxes']] == ['hair', 'glass'] and found['kind'] == 'detection'


def test_detector_without_a_box_has_score_zero():
    result = Inspector(Corners(detection_spec(pad_rgb=(0.0, 0.0, 0.0))))(bright(0))
    assert result.score == 0 and result.is_defect is False and result.detections.boxes.shape == (0, 4)


def test_model_of_the_score_alone():
    result = anomaly_inspector(outputs=('pred_score', ))(bright(200))
    assert result.anomaly_map is None and result.detections.boxes.shape == (0, 4) and result.is_defect is True


def test_model_without_calibration():
    result = anomaly_inspector(calibration=None)(bright(200))
    assert result.threshold is None and result.is_defect is None and result.detections.boxes.shape == (0, 4)
    assert json.loads(json.dumps(result.as_dict()))['threshold'] is None


def test_threshold_can_be_set():
    inspector = anomaly_inspector()
    assert inspector.threshold.value == 0.6
    inspector.threshold = 0.9
    assert inspector(bright(80, 220)).is_defect is False
    assert (inspector.threshold.origin, inspector.threshold.rule) == ('given', 'fixed')
    inspector.threshold = Threshold(0.1, 'mine', 3, 'rule')
    assert inspector(bright(80)).is_defect is True
    inspector.threshold = np.float32(0.5)
    assert inspector.threshold.value == 0.5
    inspector.threshold = None
    assert inspector(bright(80)).is_defect is None
    with pytest.raises(UserError, match='finite'):
        inspector.threshold = float('nan')


def test_a_score_of_the_threshold_itself_is_good():
    inspector = anomaly_inspector()
    inspector.threshold = float(np.float32(80) / np.float32(255))
    assert inspector(bright(80)).is_defect is False


@pytest.mark.parametrize('batch', [1, 2, 3, 10])
def test_many_keep_their_order_in_batches(batch, tmp_path):
    paths = []
    for i, level in enumerate((50, 200, 90, 130, 10)):
        paths.append(tmp_path / f'{i}.png')
        cv2.imwrite(str(paths[-1]), bright(level, shape=(40 + i, 50)))
    network = Brightness()
    results = list(Inspector(network).many(paths, batch=batch))
    assert [result.image for result in results] == [str(path) for path in paths]
    assert [round(255 * result.score) for result in results] == [50, 200, 90, 130, 10]
    assert [result.anomaly_map.shape for result in results] == [(40 + i, 50) for i in range(5)]
    assert [shape[0] for shape in network.batches] == [min(batch, 5 - i) for i in range(0, 5, batch)]


def test_one_and_many_are_the_same():
    inspector, image = anomaly_inspector(), bright(80, 250)
    one, (many, _) = inspector(image), inspector.many([image, bright(10)], batch=2)
    assert one.score == many.score and np.array_equal(one.anomaly_map, many.anomaly_map)
    assert [result.image for result in inspector.many([image, image], names=['a', 'b'])] == ['a', 'b']
    assert [result.image for result in inspector.many([image, image])] == ['array 0', 'array 1']


def test_pixels_come_along():
    (pixels, result), = anomaly_inspector().pairs([bright(80, 250)])
    assert np.array_equal(pixels, bright(80, 250)) and result.is_defect


def test_unreadable_images_are_reported_and_left_out(tmp_path):
    (tmp_path / 'bad.png').write_bytes(b'no image')
    cv2.imwrite(str(tmp_path / 'good.png'), bright(80))
    paths = [tmp_path / 'none.png', tmp_path / 'good.png', tmp_path / 'bad.png', tmp_path / 'good.png']
    told = []
    results = list(anomaly_inspector().many(paths, batch=2, on_error=lambda *what: told.append(what)))
    assert [result.image for result in results] == [str(tmp_path / 'good.png')] * 2
    assert [name for name, _ in told] == [str(tmp_path / 'none.png'), str(tmp_path / 'bad.png')]
    assert 'does not exist' in str(told[0][1]) and 'not an image' in str(told[1][1])
    with pytest.raises(UserError, match=r'none\.png'):
        list(anomaly_inspector().many(paths))


def test_reading_runs_ahead_by_a_bounded_number_of_images():
    """While the network has the first images, the next are taken; never more than twice the batch are in memory."""
    taken, inspected, most = [], [], []

    class Slow(Brightness):
        def __call__(self, images):
            time.sleep(0.02)
            most.append(len(taken) - len(inspected))
            inspected.extend(images)
            return super().__call__(images)

    def images():
        for i in range(12):
            taken.append(i)
            yield bright(10 * i)
    assert len(list(Inspector(Slow()).many(images(), batch=2))) == 12
    assert most[0] == 4 and max(most) == 4  # two in the network and two behind them


def test_closing_early_ends_the_reading_thread():
    before = threading.active_count()
    results = anomaly_inspector().many([bright(10)] * 50)
    next(results)
    results.close()
    assert threading.active_count() == before


@pytest.mark.parametrize('image', [np.zeros((0, 5), np.uint8), np.zeros((5, 5, 2), np.uint8),
                                   np.zeros((5, 5)), np.zeros(5, np.uint8)])
def test_arrays_that_are_no_images(image):
    with pytest.raises(UserError, match='part 7'):
        anomaly_inspector()(image, name='part 7')


def test_grey_and_16_bit_arrays():
    inspector = anomaly_inspector()
    for image in (np.full((9, 9), 51, np.uint8), np.full((9, 9), 51 * 257, np.uint16)):
        assert inspector(image).score == pytest.approx(0.2, abs=1e-6)


def test_images_of_any_kind_from_files(tmp_path):
    inspector, grey = anomaly_inspector(), np.full((20, 30), 102, np.uint8)
    for name, pixels in {'a.png': grey, 'b.tif': grey.astype(np.uint16) * 257, 'c.bmp': grey,
                         'd.png': np.dstack([grey, grey, grey, grey // 2]), 'e.jpg': grey,
                         'f.png': np.dstack([grey] * 3).astype(np.uint16) * 257}.items():
        cv2.imwrite(str(tmp_path / name), pixels)
        assert inspector(tmp_path / name).score == pytest.approx(0.4, abs=0.005), name


def test_batch_below_one():
    with pytest.raises(UserError, match='batch must be at least 1'):
        list(anomaly_inspector().many([bright()], batch=0))


def test_diverged_model():
    class Broken(Brightness):
        def __call__(self, images):
            return {name: values * np.nan for name, values in super().__call__(images).items()}
    with pytest.raises(UserError, match='diverged'):
        Inspector(Broken())(bright())


def test_times_of_all_stages(monkeypatch):
    """By a clock that each stage moves on by another time; those of a batch share the network's."""
    clock = [0.0]

    def spend(seconds, do):
        def slow(*arguments):
            clock[0] += seconds
            return do(*arguments)
        return slow
    for module in (inspector_module, reading):
        monkeypatch.setattr(module, 'time', SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(vision_reading, 'as_rgb', spend(1, vision_reading.as_rgb))
    monkeypatch.setattr(inspector_module, 'fit', spend(2, inspector_module.fit))
    monkeypatch.setattr(anomaly_task, 'map_to_image', spend(8, anomaly_task.map_to_image))
    inspector = Inspector(Brightness())
    inspector.network = spend(12, inspector.network)
    stages = dict(decode=1000, preprocess=2000, network=12000, postprocess=8000)
    assert inspector(bright()).milliseconds == stages and tuple(stages) == STAGES
    prepared = [inspector._prepare((bright(), name)) for name in 'abc']
    assert [result.milliseconds for result in inspector._inspect(prepared, 3)] == [dict(stages, network=4000)] * 3


def test_model_info():
    model = anomaly_inspector().model
    assert (model.name, model.kind, model.classes, model.fingerprint, model.runtime) == (
        'bright', 'anomaly', ('defect', ), '0123456789abcdef', 'pytorch')


def test_calibration_comes_from_the_spec():
    inspector = Inspector(Brightness(anomaly_spec(calibration=calibration(0.7, 0.65).state())))
    assert inspector.calibration == calibration(0.7, 0.65) and inspector.threshold.value == 0.7


def test_tiles_keep_small_defects_and_agree_with_the_whole():
    """Tiles of the input's size see every pixel: the map of the image is its brightness, up to the blending."""
    image = bright(80, shape=(100, 170))
    image[70:73, 120:124] = 250
    network = Brightness()
    tiled = Inspector(network, tile=32, overlap=8)
    result = tiled(image, name='scan')
    assert np.abs(result.anomaly_map - image.mean(axis=2) / 255).max() < 1e-5
    assert result.score == pytest.approx(250 / 255) and result.is_defect is True
    assert result.detections.boxes.tolist() == [[120, 70, 124, 73]]
    assert set(network.batches) == {(1, 32, 32, 3)} and len(network.batches) == 4 * 7
    assert tuple(result.milliseconds) == STAGES and result.image == 'scan'
    assert anomaly_inspector()(image).is_defect is False  # as a whole, the defect drowns


def test_tiles_go_in_batches_image_by_image():
    network = Brightness()
    images = [bright(80, shape=(64, 64)), bright(200, shape=(32, 40))]
    results = list(Inspector(network, tile=32, overlap=0).many(images, batch=3))
    assert [shape[0] for shape in network.batches] == [3, 1, 2]
    assert [result.shape for result in results] == [(64, 64), (32, 40)]
    assert [result.is_defect for result in results] == [False, True]


@pytest.mark.parametrize('given, expected', [
    (dict(), (48, 10)), (dict(overlap=4), (48, 4)), (dict(tile=64), (64, 8)), (dict(tile=64, overlap=0), (64, 0)),
    (dict(tile=0), (None, None))])
def test_tiles_of_the_spec_are_the_default(given, expected):
    inspector = Inspector(Brightness(anomaly_spec(tile=48, overlap=10)), **given)
    assert (inspector.tile, inspector.overlap) == expected and inspector.sees_otherwise is bool(expected[0])
    assert anomaly_inspector(tile=48).overlap == 6


def test_tiles_of_the_calibration_come_before_those_of_the_spec():
    state = replace(calibration(), tile=40, overlap=0).state()
    for spec in (anomaly_spec(tile=48, calibration=state), anomaly_spec(calibration=state)):
        inspector = Inspector(Brightness(spec))
        assert (inspector.tile, inspector.overlap, inspector.sees_otherwise) == (40, 0, False)
        assert Inspector(Brightness(spec), tile=40).sees_otherwise  # overlaps by an eighth
        assert Inspector(Brightness(spec), tile=0).sees_otherwise
    assert not anomaly_inspector().sees_otherwise and not anomaly_inspector(calibration=None).sees_otherwise


def test_calibration_without_tiles_comes_before_the_tiles_of_the_spec():
    """Somebody has calibrated a model that was trained on tiles with --tile 0."""
    state = replace(calibration(), tile=0).state()
    inspector = Inspector(Brightness(anomaly_spec(tile=48, overlap=10, calibration=state)))
    assert (inspector.tile, inspector.overlap, inspector.sees_otherwise) == (None, None, False)
    assert Inspector(inspector.network, tile=48).sees_otherwise


def test_results_say_how_the_image_was_looked_at():
    network = Brightness()
    network.runtime, network.precision = 'openvino', 'bf16'
    found = Inspector(network, tile=40)(bright()).as_dict()
    assert {key: found[key] for key in ('runtime', 'precision', 'tile', 'overlap')} == dict(
        runtime='openvino', precision='bf16', tile=40, overlap=5)


def test_detector_on_tiles():
    image = bright(0, shape=(64, 128))
    image[:16, :32] = 255
    result = Inspector(Corners(detection_spec(pad_rgb=(0.0, 0.0, 0.0))), tile=64, overlap=0)(image)
    assert result.detections.boxes.tolist() == [[2, 4, 58, 24]]  # the upper left quarter of the first tile's input
    assert result.score == pytest.approx(0.25) and result.anomaly_map is None


@pytest.mark.parametrize('tile, overlap', [(0, 4), (-5, None), (32, 32), (32, -1), (None, 8)])
def test_tiles_that_cannot_be(tile, overlap):
    with pytest.raises(UserError, match=r'tile'):
        Inspector(Brightness(), tile=tile, overlap=overlap)
