import pickle
from pathlib import Path

from mminspect.core.errors import UserError, no_file


def test_message_survives_the_way_from_a_worker_process() -> None:
    error = pickle.loads(pickle.dumps(UserError('the file is gone: restore it')))
    assert isinstance(error, UserError) and str(error) == 'the file is gone: restore it'


def test_a_folder_is_no_file_and_told_from_what_is_not_there(tmp_path: Path) -> None:
    assert str(no_file('model m', tmp_path)) == 'model m is a folder: name a file in it'
    assert str(no_file('model m', tmp_path / 'm')) == 'model m does not exist: check the path'
