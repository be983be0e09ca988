"""Messages pass through a pipe between processes."""
from __future__ import annotations

import multiprocessing
import pickle

import numpy as np
import pytest

from mminspect.decisions import Threshold
from mminspect.station.worker.messages import Answer, Health, Job, NotLoaded, Ready

RESULT = dict(score=0.5, boxes=[dict(box=[0.0, 1.0, 2.0, 3.0], score=0.5, label='defect')], is_defect=None)


@pytest.mark.parametrize('message', [
    Job('a', '/p/a.png', '/p/out', False, None),
    Job('b', 'b.png', None, True, Threshold(0.5, 'normal images', 9, 'max')),
    Ready(dict(name='m', classes=('defect', ), calibration=None)), NotLoaded('the file is gone'),
    Answer(RESULT, files=('view.jpg', )), Answer(None, 'too large', crashed=True), Answer(None, 'full', again=True),
    Health(True, False, 1, 2, 3, 4, 5, 6, 7.5)], ids=lambda message: type(message).__name__)
def test_arrives_as_it_was_sent(message: object) -> None:
    ours, theirs = multiprocessing.Pipe()
    ours.send(message)
    assert theirs.recv() == message
    for end in (ours, theirs):
        end.close()


def test_pixels_arrive_too() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    job = pickle.loads(pickle.dumps(Job('a', pixels, None, True, 0.5)))
    assert np.array_equal(job.image, pixels) and (job.id, job.folder, job.live, job.threshold) == ('a', None, True, 0.5)
