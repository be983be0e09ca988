"""Exported networks on ONNX Runtime."""
import sys

import numpy as np
import pytest

from anomaly_helpers import noise
from mminspect.core.errors import UserError
from mminspect.inspection.backends import OnnxNetwork


def test_it_computes_what_pytorch_does(exported, network) -> None:
    ours = OnnxNetwork(exported)
    assert ours.runtime == 'onnxruntime' and ours.spec == network.spec
    for count in (1, 2, 5):
        expected = network(noise(count, seed=count))
        found = ours(noise(count, seed=count))
        assert list(found) == ['anomaly_map', 'pred_score']
        for name, values in found.items():
            assert values.dtype == np.float32
            np.testing.assert_allclose(values, expected[name], atol=1e-5)


def test_threads_are_those_that_were_asked_for(exported) -> None:
    options = OnnxNetwork(exported, threads=2)._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)


def test_missing_runtime(exported, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(UserError, match='pip install onnxruntime'):
        OnnxNetwork(exported)
