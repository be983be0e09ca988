import errno
import multiprocessing
import os
import resource
import signal
from pathlib import Path

import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.runner.checkpoint import save_checkpoint

from mminspect.core import fileio
from mminspect.core.fileio import AtomicLocalBackend, completing, replacing


def content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def no_space(*_) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_new_and_old_files_get_the_new_content(tmp_path: Path) -> None:
    backend = get_file_backend(backend_args=dict(backend='atomic'))
    assert isinstance(backend, AtomicLocalBackend)
    target = tmp_path / 'a' / 'b.bin'
    for data in (b'first', b'second and longer', b''):
        backend.put(data, target)
        assert content(target.parent) == {'b.bin': data}
    backend.put_text('grün', str(tmp_path / 'a' / 'b.txt'))
    assert backend.get_text(tmp_path / 'a' / 'b.txt') == 'grün'
    backend.put_text('grün', tmp_path / 'a' / 'b.txt', encoding='latin-1')
    assert (tmp_path / 'a' / 'b.txt').read_bytes() == 'grün'.encode('latin-1')


def test_links_stay_and_lead_to_the_new_content(tmp_path: Path) -> None:
    (tmp_path / 'v3').mkdir()
    (tmp_path / 'v3' / 'blob').write_bytes(b'old')
    (tmp_path / 'model.onnx').symlink_to('v3/blob')
    with replacing(tmp_path / 'model.onnx') as handle:
        handle.write(b'new')
    assert (tmp_path / 'model.onnx').is_symlink() and (tmp_path / 'v3' / 'blob').read_bytes() == b'new'
    assert sorted(path.name for path in tmp_path.rglob('*')) == ['blob', 'model.onnx', 'v3']


def test_relative_paths_are_written_here(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with replacing('here.txt') as handle:
        handle.write(b'x')
    assert content(tmp_path) == {'here.txt': b'x'}


@pytest.mark.parametrize('function', ['fsync', 'replace', 'chmod'])
def test_full_disk_leaves_the_old_file_and_nothing_else(function: str, tmp_path: Path, monkeypatch) -> None:
    target = tmp_path / 'model.pth'
    target.write_bytes(b'old')
    monkeypatch.setattr(os, function, no_space)
    with pytest.raises(OSError, match='No space') as error:
        AtomicLocalBackend().put(b'new', target)
    assert error.value.errno == errno.ENOSPC
    assert content(tmp_path) == {'model.pth': b'old'}


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt])
def test_interrupted_writing_leaves_the_old_file_and_nothing_else(error: type, tmp_path: Path) -> None:
    target = tmp_path / 'model.pth'
    target.write_bytes(b'old')
    with pytest.raises(error), replacing(target) as handle:
        handle.write(b'half of it')
        raise error
    assert content(tmp_path) == {'model.pth': b'old'}


def write_beyond_the_limit(target: Path, chunk: int) -> None:
    """In a process of its own: a disk that really refuses the bytes, so that flushing and closing fail as well."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    try:
        with replacing(target) as handle:
            for _ in range(0, 50_000, chunk):
                handle.write(b'x' * chunk)
    except OSError as error:
        os._exit(0 if error.errno == errno.EFBIG else 1)
    os._exit(2)


@pytest.mark.parametrize('chunk', [7, 50_000])
def test_disk_that_refuses_bytes_leaves_no_temporary_file(chunk: int, tmp_path: Path) -> None:
    (tmp_path / 'model.pth').write_bytes(b'old')
    process = multiprocessing.get_context('fork').Process(target=write_beyond_the_limit,
                                                          args=(tmp_path / 'model.pth', chunk))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    assert content(tmp_path) == {'model.pth': b'old'}


def test_file_gets_the_usual_permissions(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        AtomicLocalBackend().put(b'x', tmp_path / 'a')
    finally:
        assert os.umask(mask) == 0o027  # writing leaves the mask as it was
    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o640


def test_checkpoints_of_mmengine_are_whole_or_not_there(tmp_path: Path, monkeypatch) -> None:
    target, backend = str(tmp_path / 'epoch_1.pth'), dict(backend='atomic')
    save_checkpoint(dict(state_dict=dict(w=torch.ones(2))), target, backend_args=backend)
    monkeypatch.setattr(os, 'fsync', no_space)
    with pytest.raises(OSError, match='No space'):
        save_checkpoint(dict(state_dict=dict(w=torch.zeros(2))), target, backend_args=backend)
    assert torch.load(target)['state_dict']['w'].tolist() == [1, 1]
    assert list(content(tmp_path)) == ['epoch_1.pth']


def test_names_as_long_as_a_file_system_takes(tmp_path: Path) -> None:
    for name in ('n' * 255, 'ü' * 127, '\u4e2d' * 85):
        with replacing(tmp_path / name) as handle:
            handle.write(b'x')
        assert content(tmp_path) == {name: b'x'}
        (tmp_path / name).unlink()


@pytest.mark.parametrize('exists', [False, True])
def test_folder_appears_when_it_is_complete(exists: bool, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    target = tmp_path / 'a' / 'set'
    if exists:
        target.mkdir(parents=True)
    with completing('a/set') as folder:
        (folder / 'b').mkdir()
        (folder / 'b' / 'c.bin').write_bytes(b'x')
        assert target.exists() == exists and folder != target
    assert content(target / 'b') == {'c.bin': b'x'}
    assert list((tmp_path / 'a').iterdir()) == [target]


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt])
def test_nothing_is_left_of_a_folder_that_is_not_complete(error: type, tmp_path: Path) -> None:
    with pytest.raises(error), completing(tmp_path / 'set') as folder:
        (folder / 'half').write_bytes(b'x')
        raise error
    assert list(tmp_path.iterdir()) == []


def test_folder_with_content_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / 'set').mkdir()
    (tmp_path / 'set' / 'mine').write_bytes(b'x')
    with pytest.raises(OSError, match='not empty'), completing(tmp_path / 'set') as folder:
        (folder / 'new').write_bytes(b'y')
    assert content(tmp_path / 'set') == {'mine': b'x'} and len(list(tmp_path.iterdir())) == 1


def test_folder_gets_the_usual_permissions(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        with completing(tmp_path / 'set'):
            pass
    finally:
        os.umask(mask)
    assert (tmp_path / 'set').stat().st_mode & 0o777 == 0o750


def test_what_killed_processes_left_of_checkpoints_is_removed(tmp_path: Path) -> None:
    stale = [tmp_path / name for name in ('.epoch_3.pth.ab12_cd9', '.iter_300.pth.abcdefgh')]
    kept = [tmp_path / name for name in ('epoch_3.pth', '.epoch_3.pth', '.notes.pth.abcdefgh', '.epoch_3.pth.backup')]
    for path in (*stale, *kept):
        path.touch()
        os.utime(path, (fileio.STARTED - 60, ) * 2)
    young = tmp_path / '.epoch_4.pth.abcdefgh'  # another process may be at it
    young.touch()
    os.utime(young, (fileio.STARTED + 60, ) * 2)
    fileio.remove_unfinished(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([*kept, young])
