"""Who may import whom, read from the source: an import inside a function counts as one at the top of a file."""
import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import ROOT

PROJECTS = ROOT / 'projects'
#: Modules and names that Windows lacks.
POSIX_MODULES = ('fcntl', 'resource', 'pwd', 'grp', 'termios', 'tty', 'pty', 'syslog', 'posix', 'readline', 'curses')
POSIX_NAMES = {'os': ('fork', 'forkpty', 'killpg', 'getpgid', 'setsid', 'getuid', 'geteuid', 'mkfifo', 'nice',
                      'statvfs', 'sched_getaffinity', 'getloadavg', 'O_DIRECTORY', 'O_NOFOLLOW', 'chown', 'fchmod',
                      'wait3'),
               'signal': ('SIGKILL', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGPIPE', 'SIGCHLD', 'alarm', 'pause',
                          'setitimer')}
#: mminspect's packages: each imports from lower layers alone, and from its own.
LAYERS = (('core', ), ('vision', 'decisions', 'engine'), ('models', ), ('runtime', ), ('inspection', ),
          ('station', 'experiments', 'survey'))
#: Imports that go upwards for a reason.
UPWARDS = {
    ('core/setup.py', 'mminspect.models.package_weights'),
    ('core/setup.py', 'mminspect.models.safe_loading'),  # when it is called: what it puts in mmengine's place
    ('core/setup.py', 'mminspect.models.float32_heads'),  # likewise: what it changes in the heads of detectors
}


def imports(path: Path, package: str) -> Iterator[str]:
    """Full names of what a file imports, those from neighbours (``.name``) too.

    Args:
        path: The file.
        package: Full name of the package that it lies in.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = '.'.join([*package.split('.')[:len(package.split('.')) - node.level + 1], node.module or '']
                            ) if node.level else node.module
            yield from (f'{base.rstrip(".")}.{name.name}' for name in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith('import_module') and node.args:
            yield from ([node.args[0].value] if isinstance(node.args[0], ast.Constant) else [])


def imported(root: Path) -> Iterator[tuple[str, str]]:
    """(file below ``root``, full name of what it imports) of a package."""
    for path in sorted(root.rglob('*.py')):
        package = '.'.join(path.parent.relative_to(root.parent).parts)
        yield from ((path.relative_to(root).as_posix(), name) for name in imports(path, package))


def of(name: str, *packages: str) -> bool:
    return name.split('.')[0] in packages


def test_imports_are_found_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / 'a.py').write_text('import os.path\nfrom . import b\nfrom .b import c\nfrom fdrd.x import y\n'
                                   'def f():\n    import anomaly_rd.z\n    importlib.import_module("fdrd")\n')
    assert set(imports(tmp_path / 'a.py', 'p.q')) == {'os.path', 'p.q.b', 'p.q.b.c', 'fdrd.x.y', 'anomaly_rd.z',
                                                      'fdrd'}


def test_mminspect_imports_no_method() -> None:
    found = {(file, name) for file, name in imported(PROJECTS / 'mminspect') if of(name, 'fdrd', 'anomaly_rd')}
    assert not found


@pytest.mark.parametrize(('package', 'others'), [('fdrd', ('anomaly_rd', )), ('anomaly_rd', ('fdrd', 'mmdet')),
                                                 ('mmcv_fallback', ('fdrd', 'anomaly_rd', 'mminspect'))])
def test_methods_do_not_import_each_other(package: str, others: tuple[str, ...]) -> None:
    assert [(file, name) for file, name in imported(PROJECTS / package) if of(name, *others)] == []


def test_the_layers_of_mminspect_import_downwards() -> None:
    height = {package: number for number, layer in enumerate(LAYERS) for package in layer}
    assert set(height) == {path.parent.name for path in (PROJECTS / 'mminspect').glob('*/__init__.py')}
    found = set()
    for file, name in imported(PROJECTS / 'mminspect'):
        own, (top, other, *_) = file.split('/')[0], [*name.split('.'), '']
        if top != 'mminspect' or own not in height or other in (own, '__version__'):
            continue
        if height[other] >= height[own]:
            found.add((file, '.'.join(name.split('.')[:3])))
    assert found == UPWARDS


def posix_only(path: Path) -> set[str]:
    """What a file uses that Windows lacks."""
    tree = ast.parse(path.read_text())
    used = {f'{node.value.id}.{node.attr}' for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}
    names = {f'{module}.{name}' for module, found in POSIX_NAMES.items() for name in found}
    return {name for name in imports(path, '') if of(name, *POSIX_MODULES) or name in names} | used & names


def test_what_windows_lacks_is_found_in_a_file(tmp_path: Path) -> None:
    (tmp_path / 'a.py').write_text('import os, signal\nfrom os import fork\ndef f():\n    import fcntl\n'
                                   '    os.kill(1, signal.SIGKILL)\nx = signal.SIGTERM\n')
    assert posix_only(tmp_path / 'a.py') == {'os.fork', 'fcntl', 'signal.SIGKILL'}


def test_what_windows_lacks_is_used_in_one_place() -> None:
    """Which has something else for where it is missing: tests/mminspect/core/test_system.py."""
    found = {path.relative_to(ROOT).as_posix() for folder in (PROJECTS, ROOT / 'tools', ROOT / 'configs')
             for path in folder.rglob('*.py') if posix_only(path)}
    assert found == {'projects/mminspect/core/system.py'}
