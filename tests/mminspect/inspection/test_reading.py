"""Reading ahead."""
import threading
import time

import cv2
import numpy as np
import pytest

from mminspect.core.errors import UserError
from mminspect.inspection.reading import load, prefetch
from mminspect.vision import reading
from mminspect.vision.images import read_image


def test_results_keep_their_order_and_errors_stay_with_their_item():
    def prepare(item):
        time.sleep(0.002 * (item % 3))
        if item == 4:
            raise UserError('four')
        return item * item
    found = list(prefetch(prepare, range(9), 3))
    assert [item for item, _ in found] == list(range(9))
    assert [future.result() for item, future in found if item != 4] == [i * i for i in range(9) if i != 4]
    with pytest.raises(UserError, match='four'):
        found[4][1].result()


def test_work_is_done_in_one_other_thread_while_the_caller_works():
    seen = []
    for _, future in prefetch(lambda item: seen.append(threading.get_ident()), range(6), 2):
        future.result()
        time.sleep(0.02)
        if len(seen) == 3:
            break
    assert len(set(seen)) == 1 and seen[0] != threading.get_ident()


@pytest.mark.parametrize('count', [1, 4])
def test_no_more_than_count_wait(count):
    done = []
    rows = prefetch(done.append, range(20), count)
    for taken in range(1, 21):
        next(rows)[1].result()
        deadline = time.monotonic() + 30
        while len(done) < min(20, taken + count) and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.002)
        assert len(done) == min(20, taken + count)


def test_an_error_of_the_items_reaches_the_caller():
    def items():
        yield 1
        raise UserError('no more')
    with pytest.raises(UserError, match='no more'):
        list(prefetch(str, items(), 1))


def test_load_measures_and_names(tmp_path, monkeypatch):
    picture = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), picture[..., ::-1])
    monkeypatch.setattr(reading, 'read_image', lambda *options: time.sleep(0.05) or read_image(*options))
    start = time.perf_counter()
    loaded = load(tmp_path / 'a.png', 'name')
    spent = 1000 * (time.perf_counter() - start)
    assert np.array_equal(loaded.pixels, picture) and loaded.name == 'name'
    assert 50 <= loaded.milliseconds <= spent
