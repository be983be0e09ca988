"""Declared methods, on folders that look to Python like installed packages."""
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from mminspect.core import methods
from mminspect.core.errors import UserError
from mminspect.core.methods import allowed_modules, declared_methods, import_method
from mminspect.runtime import load_config


@pytest.fixture
def site(tmp_path: Path, monkeypatch) -> Path:
    """A folder on Python's search path."""
    folder = tmp_path / 'site'
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def install(site: Path, name: str, entry_points: str = '', **files: str) -> None:
    """Metadata of a distribution, as pip leaves them behind."""
    folder = site / f'{name.replace("-", "_")}-1.0.dist-info'
    folder.mkdir()
    (folder / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n')
    if entry_points:
        (folder / 'entry_points.txt').write_text(entry_points)
    for file, text in files.items():
        (folder / file).write_text(text)


def declare(*lines: str) -> str:
    return '\n'.join(['[mminspect.methods]', *lines, ''])


def test_own_methods_are_there_without_any_metadata(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, 'path', [str(tmp_path)])
    assert list(distributions()) == []
    assert declared_methods() == {'fdrd': 'fdrd', 'anomaly_rd': 'anomaly_rd'}
    assert allowed_modules() == {'mminspect', 'mmcv_fallback', 'fdrd', 'anomaly_rd'}


def test_a_package_adds_methods_and_its_modules(site: Path) -> None:
    before = allowed_modules()
    install(site, 'patch-bank', declare('patchbank = patch_bank.methods', 'other = patch_bank'),
            RECORD='patch_bank/__init__.py,,\npatch_bank/methods.py,,\nbank_helpers.py,,\n'
                   '__editable___patch_bank_1_0_finder.py,,\n../../bin/tool,,\npatch_bank-1.0.dist-info/METADATA,,\n')
    install(site, 'bystander', '[console_scripts]\nrun = bystander:main\n', RECORD='bystander/__init__.py,,\n')
    assert declared_methods() == {'fdrd': 'fdrd', 'anomaly_rd': 'anomaly_rd', 'patchbank': 'patch_bank.methods',
                                  'other': 'patch_bank'}
    assert allowed_modules() - before == {'patch_bank', 'bank_helpers'}


@pytest.mark.parametrize('files', [
    dict(RECORD='__editable__.bank-1.0.pth,,\n', **{'top_level.txt': 'bank\nbank_tools\n'}),  # setuptools
    dict(RECORD='_bank.pth,,\n'),  # others say nowhere which modules an editable installation brings
    {},
])
def test_editable_installations(files: dict[str, str], site: Path) -> None:
    before = allowed_modules()
    install(site, 'bank', declare('bank = bank.model'), **files)
    assert allowed_modules() - before == ({'bank', 'bank_tools'} if 'top_level.txt' in files else {'bank'})


def test_what_lies_in_the_working_directory_is_not_installed(site: Path, monkeypatch) -> None:
    install(site, 'bank', declare('bank = bank'))
    assert 'bank' in declared_methods()
    monkeypatch.chdir(site)
    assert 'bank' not in declared_methods() and 'bank' not in allowed_modules()
    monkeypatch.setattr(sys, 'path', ['', *sys.path])
    assert 'bank' not in declared_methods()


def test_of_two_installations_the_first_on_the_path_counts(site: Path, tmp_path: Path, monkeypatch) -> None:
    install(site, 'Bank', declare('bank = bank_old'))
    front = tmp_path / 'front'
    front.mkdir()
    install(front, 'bank', declare('bank = bank_new'))
    monkeypatch.syspath_prepend(front)
    assert declared_methods()['bank'] == 'bank_new' and 'bank_old' not in allowed_modules()


def test_two_packages_that_claim_one_name(site: Path) -> None:
    install(site, 'usurper', declare('fdrd = usurper'))
    with pytest.raises(UserError, match="'fdrd' is declared as fdrd and, by the package usurper, as usurper"):
        declared_methods()


def test_a_method_is_imported_by_its_name_alone(site: Path) -> None:
    install(site, 'bank', declare('bank = bank_of_patches', 'broken = broken_bank'))
    (site / 'bank_of_patches.py').write_text('VALUE = 1')
    (site / 'broken_bank.py').write_text('import no_such_package')
    assert not import_method('mmdet') and not import_method(None)
    assert import_method('bank') and sys.modules.pop('bank_of_patches').VALUE == 1
    with pytest.raises(UserError, match=r"broken cannot be imported from broken_bank .*no_such_package.*: install"):
        import_method('broken')


def test_a_config_needs_no_custom_imports_for_its_default_scope(site: Path, tmp_path: Path) -> None:
    install(site, 'bank', declare('bank = bank_of_a_scope'))
    (site / 'bank_of_a_scope.py').write_text('VALUE = 1')
    (tmp_path / 'a.py').write_text("default_scope = 'bank'")
    load_config(str(tmp_path / 'a.py'))
    assert sys.modules.pop('bank_of_a_scope').VALUE == 1


def test_the_group_is_declared_by_this_project() -> None:
    text = (Path(__file__).parents[3] / 'setup.py').read_text()
    assert methods.GROUP in text and all(repr(name) in text for name in methods.OWN_METHODS)
