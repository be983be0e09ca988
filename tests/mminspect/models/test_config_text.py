"""The text of a config in checkpoints of the version before."""
from __future__ import annotations

from pathlib import Path

import pytest

from mminspect.core.errors import UserError
from mminspect.models.checkpoint import Checkpoint


def test_text_of_the_version_before_is_understood_as_far_as_it_is_data() -> None:
    text = ("model = dict(type='A', sizes=(1, -2), more=[dict(a=None), {'b c': 1e-3}, dict({'a.b': dict(c=2)})])\n"
            'times = inf\n')
    cfg = Checkpoint('a.pth', dict(state_dict={}, meta=dict(cfg=text, experiment_name='rd4ad_20_x'))).config()
    assert cfg.model == dict(type='A', sizes=(1, -2), more=[dict(a=None), {'b c': 1e-3}, {'a.b': dict(c=2)}])
    assert cfg.times == float('inf') and cfg.filename == 'rd4ad.py'


@pytest.mark.parametrize('text', [
    'import evil', 'from evil import Thing', 'model = __import__("evil")', 'model = dict(a=open("executed", "w"))',
    'model = dict(a=[i for i in "ab"])', 'exec("import evil")', 'model = dict(**{"a": __import__("evil")})',
    'model = dict(**{"a": 1})', 'model = {**{"a": 1}}', 'model = dict({"a": 1}, {"b": 2})',
    'model = dict({"a": __import__("evil")})',
    'def f(): ...', 'a.b = 1', 'a = b = 1', 'model = dict([("a", 1)])', 'a = 1 if', 'x = ' + '[' * 5000,
    'filename = 1', '(' * 100000])
def test_text_with_anything_else_is_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'evil.py').write_text('Thing = open("executed", "w")')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    checkpoint = Checkpoint('a.pth', dict(state_dict={}, meta=dict(cfg=text)))
    with pytest.raises(UserError, match=r'the config in a\.pth cannot be read as data .*\(--config\)'):
        checkpoint.config()
    assert [path.name for path in tmp_path.iterdir()] == ['evil.py']
