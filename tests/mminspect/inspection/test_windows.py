"""Windows cover the image with the wanted overlap; tiled equals whole where it must, memory stays, work overlaps."""
import threading
import time
import tracemalloc

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mminspect.core.errors import UserError
from mminspect.inspection.spec import NetworkSpec, Suppression
from mminspect.inspection.windows import inspect_windows, plan_windows

RADIUS = 3


@pytest.mark.parametrize(('shape', 'tile', 'overlap'), [((100, 333), 64, 8), ((64, 64), 64, 8), ((65, 200), 64, 0),
                                                        ((40, 200), 64, 16), ((10, 12), 64, None)])
def test_every_pixel_lies_in_a_window_of_the_same_size(shape, tile, overlap) -> None:
    windows = plan_windows(shape, tile, overlap)
    count = np.zeros(shape, int)
    for y0, x0, y1, x1 in windows:
        assert (y1 - y0, x1 - x0) == (tile, tile) and y0 < shape[0] and x0 < shape[1]
        count[y0:y1, x0:x1] += 1
    assert count.min() >= 1


def test_an_object_as_large_as_the_overlap_lies_whole_in_a_window() -> None:
    windows = plan_windows((150, 210), 64)
    for y in range(150 - 8 + 1):
        for x in range(0, 210 - 8 + 1, 3):
            assert any(y0 <= y and x0 <= x and y + 8 <= y1 and x + 8 <= x1 for y0, x0, y1, x1 in windows)


def test_sizes_of_the_field() -> None:
    # ceil((4000 - 128) / 896) x ceil((18000 - 128) / 896)
    assert len(plan_windows((4000, 18000), 1024)) == 5 * 20
    assert len(plan_windows((3000, 4096), 1024, 0)) == 3 * 4


@pytest.mark.parametrize(('tile', 'overlap', 'words'), [(0, None, 'at least one pixel'), (64, 64, 'cannot overlap'),
                                                       (1_000_000, None, 'are too large, .* give 16384 pixels at m')])
def test_senseless_windows(tile, overlap, words) -> None:
    with pytest.raises(UserError, match=words):
        plan_windows((100, 100), tile, overlap)


class BlurNetwork:
    """A fully convolutional network: a 7x7 mean of the red channel, so that a pixel sees three around it."""

    runtime = 'pytorch'

    def __init__(self, size: int) -> None:
        self.spec = NetworkSpec('blur', 'anomaly', ('defect',), '0' * 16, (size, size), False)
        self.batches: list[int] = []

    def __call__(self, images):
        self.batches.append(len(images))
        red = torch.from_numpy(images[..., 0])[:, None]
        maps = F.avg_pool2d(F.pad(red, [RADIUS] * 4, mode='reflect'), 2 * RADIUS + 1, 1)[:, 0].numpy()
        return dict(anomaly_map=maps, pred_score=maps.max((1, 2)))


def image(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize('shape', [(100, 170), (64, 64), (64, 300)])
def test_tiled_equals_whole_away_from_the_edges_of_windows(shape) -> None:
    pixels = image(*shape)
    tiled = inspect_windows(pixels, BlurNetwork(64), 64, 24, batch=3).found
    red = torch.from_numpy(pixels[..., 0].astype(np.float32))[None, None]
    whole = F.avg_pool2d(F.pad(red, [RADIUS] * 4, mode='reflect'), 2 * RADIUS + 1, 1)[0, 0].numpy()
    near = np.zeros(shape, bool)  # within three pixels of an edge that is not the image's
    for y0, x0, y1, x1 in plan_windows(shape, 64, 24):
        for edge in (y for y in (y0, y1) if 0 < y < shape[0]):
            near[edge - RADIUS:edge + RADIUS, x0:x1] = True
        for edge in (x for x in (x0, x1) if 0 < x < shape[1]):
            near[y0:y1, edge - RADIUS:edge + RADIUS] = True
    assert near.mean() < 0.5
    np.testing.assert_allclose(tiled.anomaly_map[~near], whole[~near], rtol=1e-5)
    # even there a window's edge has little weight
    assert np.abs(tiled.anomaly_map - whole).max() < 0.25 * np.ptp(whole)
    assert tiled.score >= whole.max() * (1 - 1e-6)


def test_windows_go_in_batches_and_batches_change_nothing() -> None:
    pixels, results = image(100, 170), []
    for batch in (1, 4):
        network = BlurNetwork(32)
        results.append(inspect_windows(pixels, network, 64, 8, batch).found)
        count = len(plan_windows((100, 170), 64, 8))
        assert network.batches == [batch] * (count // batch) + [count % batch] * (count % batch > 0)
    np.testing.assert_array_equal(results[0].anomaly_map, results[1].anomaly_map)
    assert results[0].score == results[1].score and results[0].anomaly_map.shape == (100, 170)


def test_an_image_smaller_than_a_window() -> None:
    result = inspect_windows(image(20, 30), BlurNetwork(32), 64).found
    assert result.anomaly_map.shape == (20, 30) and np.isfinite(result.anomaly_map).all()


def test_memory_is_the_map_and_a_few_windows() -> None:
    pixels = image(512, 8192)
    network = BlurNetwork(64)
    inspect_windows(pixels[:128, :128], network, 64)  # what is loaded on first use
    tracemalloc.start()
    inspect_windows(pixels, network, 64, batch=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    one_map = 4 * 512 * 8192
    assert one_map < peak < 1.25 * one_map


def test_cutting_network_and_merging_overlap_in_time(monkeypatch) -> None:
    import mminspect.inspection.windows as module
    from mminspect.inspection.tasks import anomaly
    threads = {}

    def slow(name, function):
        def call(*arguments):
            threads.setdefault(name, set()).add(threading.get_ident())
            time.sleep(0.01)
            return function(*arguments)
        return call

    monkeypatch.setattr(module, 'fit', slow('fit', module.fit))
    monkeypatch.setattr(anomaly, 'map_to_image', slow('merge', anomaly.map_to_image))
    network = BlurNetwork(32)
    network.__class__ = type('Slow', (BlurNetwork,), dict(__call__=slow('network', BlurNetwork.__call__)))
    start = time.perf_counter()
    result = inspect_windows(image(256, 512), network, 32, 0)
    elapsed = 1000 * (time.perf_counter() - start)
    assert len(set.union(*threads.values())) == 3
    assert elapsed < 0.75 * sum(result.milliseconds)  # one after the other it would be the sum


class Spots:
    """A detector that finds white 6x6 squares, wherever they are, and gives them the score of their visible part."""

    runtime = 'pytorch'

    def __init__(self, size: int) -> None:
        self.spec = NetworkSpec('spots', 'detection', ('spot',), '0' * 16, (size, size), True,
                                outputs=('boxes', 'scores'), suppression=Suppression((8,), 0.05, 100, 0.6, 100))

    def __call__(self, images):
        import cv2
        boxes, scores = np.zeros((len(images), 8, 4), np.float32), np.zeros((len(images), 8, 1), np.float32)
        for row, pixels in enumerate(images):
            count, _, stats, _ = cv2.connectedComponentsWithStats((pixels[..., 0] > 128).astype(np.uint8))
            for number, (x, y, w, h, area) in enumerate(stats[1:count]):
                boxes[row, number], scores[row, number] = (x, y, x + w, y + h), area / 40
        return dict(boxes=boxes, scores=scores)


def test_detections_are_those_of_the_whole_image() -> None:
    pixels = np.zeros((150, 260, 3), np.uint8)
    corners = [(3, 5), (60, 61), (90, 125), (140, 250), (62, 200)]
    for y, x in corners:
        pixels[y:y + 6, x:x + 6] = 255
    result = inspect_windows(pixels, Spots(64), 64, 12, batch=2).found
    assert {tuple(box) for box in result.detections.boxes.tolist()} == {(x, y, x + 6, y + 6) for y, x in corners}
    assert result.score == pytest.approx(36 / 40) and result.anomaly_map is None
    assert inspect_windows(np.zeros((150, 260, 3), np.uint8), Spots(64), 64).found.score == 0


def test_a_failing_network_ends_the_threads() -> None:
    before = threading.active_count()

    class Failing(BlurNetwork):
        def __call__(self, images):
            raise RuntimeError('out of memory')
    with pytest.raises(RuntimeError, match='out of memory'):
        inspect_windows(image(256, 256), Failing(32), 32)
    time.sleep(0.05)
    assert threading.active_count() <= before
