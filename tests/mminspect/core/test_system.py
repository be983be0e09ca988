"""What only some operating systems offer: on this one, and with what others lack taken away."""
from __future__ import annotations

import os
import resource
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest

from mminspect.core import system

#: In a new process: modules and names that Windows lacks are not there, before anything of the project is imported.
WITHOUT = """
import os, sys
for name in ('fcntl', 'resource', 'pwd', 'grp', 'termios'):
    sys.modules[name] = None
for name in ('O_DIRECTORY', 'sched_getaffinity'):
    delattr(os, name)
"""


def run_without(code: str, *, before: str = '', env: dict[str, str] | None = None) -> str:
    """What a program prints in a process without them."""
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', WITHOUT + before + textwrap.dedent(code)], text=True,
                          capture_output=True, env={'USERNAME': 'mira', **os.environ, **(env or {})})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_lock_is_for_one_and_ends_with_its_process(tmp_path: Path) -> None:
    release = system.lock(tmp_path / 'lock')
    with pytest.raises(system.Locked):
        system.lock(tmp_path / 'lock')
    code = (f'from pathlib import Path\nfrom mminspect.core import system\ntry:\n'
            f'    system.lock(Path({str(tmp_path / "lock")!r}))\n    print("got it")\n'
            'except system.Locked:\n    print("locked")\n')
    other = [sys.executable, '-c', code]
    assert subprocess.run(other, capture_output=True, text=True).stdout == 'locked\n'
    release()
    assert subprocess.run(other, capture_output=True, text=True).stdout == 'got it\n'
    system.lock(tmp_path / 'lock')()


def test_a_folder_that_is_not_there_is_no_lock(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        system.lock(tmp_path / 'no' / 'lock')


def test_open_files_are_raised_to_what_is_wanted_or_allowed() -> None:
    code = ('import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 600)); '
            'from mminspect.core.system import allow_open_files as allow; '
            'print(allow(50), allow(300), allow(2**15), *resource.getrlimit(resource.RLIMIT_NOFILE))')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ['100', '300', '600', '600', '600']


def test_a_folder_is_synced_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, 'fsync', lambda descriptor: synced.append(os.readlink(f'/proc/self/fd/{descriptor}')))
    before = len(os.listdir('/proc/self/fd'))
    system.sync_folder(tmp_path)
    assert synced == [str(tmp_path)] and len(os.listdir('/proc/self/fd')) == before


def test_this_system_lacks_nothing() -> None:
    assert list(system.missing()) == []
    assert system.core_count() == len(os.sched_getaffinity(0))
    assert system.allow_open_files(1) == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_without_them_everything_goes_on_and_is_said(tmp_path: Path) -> None:
    said = run_without(f"""
        from pathlib import Path
        from mminspect.core import system
        folder = Path({str(tmp_path)!r})
        first, second = system.lock(folder / 'lock'), system.lock(folder / 'lock')
        first(), second()
        system.sync_folder(folder)
        print(system.allow_open_files(2**15), system.allow_open_files(100), system.core_count() == os.cpu_count())
        print(*system.missing(), sep='\\n')
        """).splitlines()
    assert said[0] == '512 100 True' and len(said) == 4
    assert 'no locks on files' in said[1] and '512 are counted on' in said[2] and 'power failure' in said[3]


def test_the_lock_of_windows_takes_the_place_of_a_missing_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """msvcrt.locking refuses bytes that another descriptor has, with an OSError, and a closed one gives them back."""
    taken: dict[int, int] = {}  # inode -> descriptor

    def locking(descriptor: int, mode: int, count: int) -> None:
        inode = os.fstat(descriptor).st_ino
        assert (mode, count) == (2, 1)
        if taken.get(inode) is not None:
            raise PermissionError(13, 'Permission denied')
        taken[inode] = descriptor

    close = os.close
    monkeypatch.setattr(os, 'close', lambda descriptor: (
        [taken.pop(inode) for inode, owner in [*taken.items()] if owner == descriptor], close(descriptor)))
    monkeypatch.setattr(system, 'fcntl', None)
    monkeypatch.setattr(system, 'msvcrt', SimpleNamespace(locking=locking, LK_NBLCK=2))
    release = system.lock(tmp_path / 'lock')
    with pytest.raises(system.Locked):
        system.lock(tmp_path / 'lock')
    release()
    system.lock(tmp_path / 'lock')()
    assert list(system.missing()) == []


def test_the_station_is_imported_and_set_up_without_them(tmp_path: Path) -> None:
    said = run_without("""
        from pathlib import Path
        from mminspect.station import command, environment, server
        folder = Path(os.environ['STATION_DATA'])
        command.prepare(folder, None, None, '127.0.0.1', [])
        from mminspect.station.asgi import application
        from mminspect.station.records import store
        environment.lock_folder(folder)()
        store.save(folder / 'a' / 'b' / 'c.bin', [b'whole'])
        assert (folder / 'a' / 'b' / 'c.bin').read_bytes() == b'whole'
        print(server.connection_limit(), server.configuration(application).limit_concurrency)
        """, env=dict(STATION_DATA=str(tmp_path)))
    assert said.splitlines()[-1] == '256 256'


def test_models_are_trained_and_inspected_by_modules_that_do_without_them() -> None:
    said = run_without("""
        import importlib
        from pathlib import Path
        import fdrd, anomaly_rd, mminspect
        for package in (mminspect, fdrd, anomaly_rd):
            root = Path(package.__file__).parent
            for file in sorted(root.rglob('*.py')):
                parts = file.relative_to(root.parent).with_suffix('').parts
                if 'station' not in parts and '.mim' not in parts:  # the station: above, with its settings
                    importlib.import_module('.'.join(parts).removesuffix('.__init__'))
        print('imported')
        """)
    assert said.splitlines()[-1] == 'imported'


def test_a_forked_process_does_not_keep_the_lock(tmp_path: Path) -> None:
    release = system.lock(tmp_path / 'lock')
    (reading, writing), (told, telling) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(telling, b'x')
        os.read(reading, 1)
        os._exit(0)
    try:
        os.read(told, 1)  # now it runs
        with pytest.raises(system.Locked):
            system.lock(tmp_path / 'lock')
        release()
        system.lock(tmp_path / 'lock')()  # the child lives
    finally:
        os.write(writing, b'x')
        os.waitpid(pid, 0)
        for descriptor in (reading, writing, told, telling):
            os.close(descriptor)
