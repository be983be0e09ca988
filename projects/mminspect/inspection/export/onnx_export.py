"""ONNX: a file of standard operators, which many runtimes compute."""
from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxscript import optimizer
from torch import Tensor
from torch.onnx.errors import OnnxExporterError

from mminspect.core.errors import UserError
from mminspect.inspection.backends.metadata import describe
from mminspect.inspection.networks import TorchNetwork

from .exporting import Difference, export_network
from .target import Target, register_target
from .tracing import TraceMode, no_advice

INPUT, BATCH = 'images', 'batch'
#: The oldest has all operators, the newest is the last that torch's exporter knows.
OPSETS = range(17, 21)


@register_target('onnx', suffix='.onnx')
class OnnxTarget(Target):
    """Standard operators, any batch size, the description in the metadata, checked with ONNX's own checker.

    Args:
        opset: The version of the operators, one of :data:`OPSETS`.

    Raises:
        UserError: Another opset is wanted.
    """

    options, quantizes = ('opset',), True

    def __init__(self, opset: int = OPSETS[0]) -> None:
        if opset not in OPSETS:
            raise UserError(f'opset {opset} cannot be exported: take one of {OPSETS[0]} to {OPSETS[-1]}')
        self.opset = opset

    def write(self, network: TorchNetwork, images: NDArray[np.float32], path: Path) -> None:
        """Trace two of the images (N, H, W, 3)."""
        model = _tidied(_traced(network, torch.from_numpy(images[:2]), self.opset), network(images))
        describe(model, network.spec)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)

    def quantize(self, source: Path, target: Path, images: Sequence[str | Path]) -> None:
        """See :func:`~mminspect.inspection.export.quantize.quantize_onnx`."""
        from .quantize import quantize_onnx  # which takes long to import
        quantize_onnx(source, target, images)


def export_onnx(network: TorchNetwork, path: str | Path, opset: int = OPSETS[0]) -> Difference:
    """Write a network as ONNX; see :func:`~mminspect.inspection.export.export_network` and :class:`OnnxTarget`."""
    return export_network(network, path, OnnxTarget(opset))


def _traced(network: TorchNetwork, images: Tensor, opset: int) -> onnx.ModelProto:
    """By torch's tracing exporter: seconds where the newer one takes a minute, and exactly the opset asked for."""
    outputs, file = list(network.spec.outputs), BytesIO()
    with warnings.catch_warnings(), no_advice(), torch.no_grad(), TraceMode():
        warnings.simplefilter('ignore')  # that it is the older one, and that sides become numbers
        try:
            torch.onnx.export(network.module, (images,), file, dynamo=False, opset_version=opset, input_names=[INPUT],
                              output_names=outputs, dynamic_axes={name: {0: BATCH} for name in (INPUT, *outputs)})
        except OnnxExporterError as error:
            reason = str(error).split('[Caused')[0].splitlines()[0].strip()
            raise UserError(f'{network.spec.name} has a part that standard operators of opset {opset} do not compute '
                            f'({reason}): exchange it, or inspect with the checkpoint') from error
    return onnx.load_from_string(file.getvalue())


def _tidied(model: onnx.ModelProto, outputs: Mapping[str, NDArray]) -> onnx.ModelProto:
    """With constants computed, what is unused removed, and the sides of the outputs written down."""
    with no_advice():
        model = optimizer.optimize(model)
    for value in model.graph.output:
        sides: Sequence[int | str] = (BATCH, *outputs[value.name].shape[1:])
        value.CopyFrom(onnx.helper.make_tensor_value_info(value.name, onnx.TensorProto.FLOAT, sides))
    return model
