"""A set of two files; renderers with real pictures are tested with their own modules."""
from functools import partial
from pathlib import Path

import pytest

from mminspect.core.errors import UserError
from mminspect.experiments.rendered_set import make_set, report

PARAMETERS = dict(size=(3, 4), seed=0)


def render(root: Path) -> None:
    (root / 'images').mkdir()
    (root / 'images' / 'a.png').write_bytes(b'pixels')


def is_whole(root: Path) -> bool:
    return (root / 'images' / 'a.png').is_file()


def make(out: Path, **parameters) -> bool:
    return make_set(out, 'set.json', dict(PARAMETERS, **parameters), render, is_whole)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file())


def test_made_once_and_then_left_alone(tmp_path: Path) -> None:
    out = tmp_path / 'new' / 'set'
    assert make(out)
    assert names(tmp_path) == ['new/set/images/a.png', 'new/set/set.json']
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*')}
    assert not make(out)  # the tuple has become a list in the file
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*')} == before


def test_an_empty_folder_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path('set').mkdir()
    assert make('set')
    assert names(tmp_path) == ['set/images/a.png', 'set/set.json']


@pytest.mark.parametrize('spoil', [
    lambda out: (out / 'images' / 'a.png').unlink(), lambda out: (out / 'set.json').unlink(),
    lambda out: (out / 'set.json').write_text('{"size"')], ids=['image', 'parameters', 'half of the parameters'])
def test_what_is_not_complete_is_refused_and_left_alone(spoil, tmp_path: Path) -> None:
    make(tmp_path / 'set')
    spoil(tmp_path / 'set')
    before = names(tmp_path)
    with pytest.raises(UserError, match=r"set' exists and is not a complete set of these parameters: give another"):
        make(tmp_path / 'set')
    assert names(tmp_path) == before


def test_other_parameters_and_other_content_are_refused(tmp_path: Path) -> None:
    make(tmp_path / 'set')
    (tmp_path / 'file').write_text('x')
    for out, parameters in (('set', dict(seed=1)), ('set', dict(more=0)), ('file', {})):
        with pytest.raises(UserError, match='exists and is not a complete set'):
            make(tmp_path / out, **parameters)
    assert names(tmp_path) == ['file', 'set/images/a.png', 'set/set.json']


def test_nothing_is_left_of_an_interrupted_run(tmp_path: Path) -> None:
    def interrupted(root: Path) -> None:
        render(root)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_set(tmp_path / 'set', 'set.json', PARAMETERS, interrupted, is_whole)
    assert list(tmp_path.iterdir()) == []


def test_report(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for end in ('1 + 0 images rendered in 0.0 s\n', 'already there\n'):
        report('data/set', '1 + 0', partial(make, tmp_path / 'set'))
        assert capsys.readouterr().out == f'data/set: {end}'
