from __future__ import annotations

import pickle
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from mminspect.station.worker import Factory
from mminspect.station.worker.handle import WorkerDiedError, WorkerHandle
from mminspect.station.worker.messages import Job, NotLoaded, Ready
from worker_helpers import PATIENCE, SLOW, factory, plain


def job(level: int) -> Job:
    return Job('a', plain(level), None, False, None)


def test_a_stuck_process_is_killed(tmp_path: Path) -> None:
    handle = WorkerHandle(factory(tmp_path, calibrated=False), PATIENCE)
    ready = handle.ready()
    assert isinstance(ready, Ready) and ready.info['calibration'] is None and ready.info['threshold'] is None
    answer = handle.run_job(job(51))
    assert answer.result['is_defect'] is None and handle.alive()
    handle._seconds = 0.3
    with pytest.raises(WorkerDiedError, match=r'gave no answer for 0.3 seconds') as caught:
        handle.run_job(job(SLOW))
    assert caught.value.slow
    with pytest.raises(WorkerDiedError, match='was killed'):
        handle.run_job(job(51))
    handle.close()
    assert not handle.alive()


def test_a_model_that_cannot_be_loaded(tmp_path: Path) -> None:
    handle = WorkerHandle(factory(tmp_path, needs='model.onnx'), PATIENCE)
    assert handle.ready() == NotLoaded('model model.onnx does not exist: check the path')
    handle.close()
    assert not handle.alive()


def test_calls_the_function_with_its_arguments() -> None:
    factory = pickle.loads(pickle.dumps(Factory('fractions:Fraction', numerator=1, denominator=3)))
    assert factory() == Fraction(1, 3)


def test_imports_only_when_called() -> None:
    with pytest.raises(ModuleNotFoundError):
        Factory('no_such_module:make')()
    code = ('import sys; import mminspect.station.worker; '
            'print("mminspect.inspection" in sys.modules, "torch" in sys.modules)')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ['False', 'False']  # the server does not need them
