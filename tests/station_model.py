"""An exported model that needs no training: its map is the distance from grey."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mminspect.inspection.backends.metadata import describe
from mminspect.inspection.spec import NetworkSpec
from station_site import CALIBRATION, GREY, INFO

SIDE = 64


def write_model(path: Path, side: int = SIDE, tile: int = 0) -> Path:
    """anomaly_map = |mean of the channels - 128| / 128, pred_score = its maximum; calibrated as the fake worker's.

    ``tile``: of the calibration, in pixels.
    """
    batch, floats = 'N', TensorProto.FLOAT
    nodes = [
        helper.make_node('ReduceMean', ['images'], ['grey'], axes=[3], keepdims=0),
        helper.make_node('Sub', ['grey', 'middle'], ['difference']),
        helper.make_node('Abs', ['difference'], ['distance']),
        helper.make_node('Div', ['distance', 'middle'], ['anomaly_map']),
        helper.make_node('ReduceMax', ['anomaly_map'], ['pred_score'], axes=[1, 2], keepdims=0)]
    graph = helper.make_graph(
        nodes, 'difference', [helper.make_tensor_value_info('images', floats, [batch, side, side, 3])],
        [helper.make_tensor_value_info('anomaly_map', floats, [batch, side, side]),
         helper.make_tensor_value_info('pred_score', floats, [batch])],
        [numpy_helper.from_array(np.array(GREY, np.float32), 'middle')])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    describe(model, NetworkSpec(INFO['name'], 'anomaly', INFO['classes'], INFO['fingerprint'], (side, side),
                                keep_ratio=False,
                                calibration=dict(CALIBRATION, tile=tile, overlap=8 if tile else None)))
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path
