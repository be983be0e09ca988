from __future__ import annotations

import pickle
import subprocess
import sys
from fractions import Fraction

import pytest

from mminspect.station.worker import Factory


def test_calls_the_function_with_its_arguments() -> None:
    factory = pickle.loads(pickle.dumps(Factory('fractions:Fraction', numerator=1, denominator=3)))
    assert factory() == Fraction(1, 3)


def test_imports_only_when_called() -> None:
    with pytest.raises(ModuleNotFoundError):
        Factory('no_such_module:make')()
    code = ('import sys; import mminspect.station.worker; '
            'print("mminspect.inspection" in sys.modules, "torch" in sys.modules)')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ['False', 'False']  # the server does not need them
