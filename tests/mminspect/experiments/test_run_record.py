"""Settings of runs and what is kept of them."""
import pytest

from mminspect.core.errors import UserError
from mminspect.experiments import run_record
from mminspect.experiments.run_record import Record, is_end, settings_of

CONFIG = """
model = dict(type='Net', weights='{{$SOMEWHERE:here}}/w.pth')
train_cfg = dict(max_epochs=3)
optim_wrapper = dict(lr=0.1)
picture_hook = dict(type='Pictures')
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / 'c.py').write_text(CONFIG)
    return tmp_path / 'c.py'


def given(config, *arguments):
    return settings_of(config, arguments, ())


def test_what_changes_a_training(config):
    plain = given(config)
    assert plain.length == ('epoch', 3)
    for arguments in (('--seed', '1'), ('--amp', ), ('--cfg-options', 'optim_wrapper.lr=0.2')):
        assert given(config, *arguments).training != plain.training
        assert given(config, *arguments).test == plain.test
    assert settings_of(config, (), ('--cfg-options', 'model.map=sum')).test != plain.test
    assert settings_of(config, (), ('--show-dir', 'pictures')) == plain
    longer = given(config, '--cfg-options', 'train_cfg.max_epochs=5')
    assert longer.training == plain.training and longer.length == ('epoch', 5)
    assert given(config, '--cfg-options', 'picture_hook.max_images=3') == plain


def test_environment_and_moved_folders_change_nothing(config, monkeypatch):
    one = given(config, '--cfg-options', 'model.teacher=/a/t.pth')
    monkeypatch.setenv('SOMEWHERE', 'elsewhere')
    run_record._read.cache_clear()
    assert given(config, '--cfg-options', 'model.teacher=/b/t.pth') == one
    assert given(config, '--cfg-options', 'model.teacher=/b/u.pth') != one


def test_a_variable_in_the_place_of_a_number(config):
    config.write_text("model = dict(width={{'$WIDTH:8'}})\ntrain_cfg = dict(max_iters=20)")
    assert given(config).length == ('iter', 20)
    config.write_text("model = dict()")
    assert given(config).length is None


def test_mistakes(config, tmp_path):
    with pytest.raises(UserError, match='does not exist'):
        given(tmp_path / 'none.py')
    with pytest.raises(UserError, match='--cfg-options does not fit'):
        given(config, '--cfg-options', 'optim_wrapper.lr.base=1')


def test_the_end_of_a_training(tmp_path):
    third, seventh = tmp_path / 'epoch_3.pth', tmp_path / 'epoch_7.pth'
    assert is_end(third, ('epoch', 3), Record()) and is_end(third, None, Record())
    assert not is_end(third, ('epoch', 4), Record()) and not is_end(third, ('iter', 3), Record())
    stopped = Record(finished=['epoch_7.pth', ['epoch', 20]])
    assert is_end(seventh, ('epoch', 20), stopped)
    assert not is_end(seventh, ('epoch', 30), stopped) and not is_end(third, ('epoch', 20), stopped)


def test_a_record_is_read_back_and_a_damaged_one_is_none(tmp_path):
    record = Record('a', 'b', ['epoch_7.pth', ['epoch', 20]])
    record.save(tmp_path)
    assert Record.of(tmp_path) == record
    for text in ('{', '[1]', '{"other": 1}'):
        (tmp_path / 'job.json').write_text(text)
        assert Record.of(tmp_path) == Record()
