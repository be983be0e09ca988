import pytest

from mminspect.core.errors import UserError
from mminspect.core.options import check_option


def test_known_words_only() -> None:
    check_option('map', 'sum', ('sum', 'prod'))
    with pytest.raises(UserError, match=r"map is None, known are sum, prod: change it in the config"):
        check_option('map', None, ('sum', 'prod'))
