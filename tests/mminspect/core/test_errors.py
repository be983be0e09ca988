import pickle

from mminspect.core.errors import UserError


def test_message_survives_the_way_from_a_worker_process() -> None:
    error = pickle.loads(pickle.dumps(UserError('the file is gone: restore it')))
    assert isinstance(error, UserError) and str(error) == 'the file is gone: restore it'
