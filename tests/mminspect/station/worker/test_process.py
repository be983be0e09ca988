"""The process itself, run by its handle: what it answers, what it logs, and what one job leaves for the next."""
from __future__ import annotations

from pathlib import Path

import pytest

from mminspect.station.worker.handle import WorkerHandle
from mminspect.station.worker.messages import Answer, Job, Ready
from worker_helpers import BREAKING, PATIENCE, factory, plain


def do(handle: WorkerHandle, level: int, **options: object) -> Answer:
    fields = dict(id='a', image=plain(level), folder=None, live=False, threshold=None)
    return handle.run_job(Job(**{**fields, **options}))


def test_one_process_from_the_first_job_to_the_last(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    handle = WorkerHandle(factory(tmp_path), PATIENCE)
    assert isinstance(handle.ready(), Ready)
    assert [do(handle, 204, threshold=value).result['is_defect'] for value in (0.9, None, 0.9)] == [False, True, False]

    broken = do(handle, BREAKING)
    assert broken.result is None and not broken.again
    assert broken.error == 'the picture cannot be inspected (RuntimeError: a defect of the program): see the log'
    logged = capfd.readouterr().err
    assert 'Traceback' in logged and 'RuntimeError: a defect' in logged

    missing = do(handle, 0, image=str(tmp_path / 'gone.png'))
    assert 'does not exist' in missing.error and not missing.again
    assert 'Traceback' not in capfd.readouterr().err  # the user's to mend

    drawn = do(handle, 204, folder=str(tmp_path / 'drawn'))
    assert drawn.files == ('view.jpg', 'overlay.jpg', 'heat.png') and drawn.result['is_defect'] is True
    full = do(handle, 204, folder='/dev/full/x')
    assert full.result is None and not full.again  # a wrong folder is no full disk
    handle.close()
    assert not handle.alive()


def test_a_full_disk_is_worth_another_attempt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from mminspect.station.worker import process
    from worker_helpers import make_inspector

    def full(*_: object) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(process, 'write_pictures', full)
    inspector = make_inspector(tmp_path)
    answer = process._answer(inspector, Job('a', plain(51), str(tmp_path), False, None), inspector.threshold)
    assert answer.again and answer.result is None and 'disk is full' in answer.error and not answer.crashed
