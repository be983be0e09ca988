"""From a network on PyTorch to one file with all that is needed to use it."""
from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxscript import optimizer
from torch import Tensor
from torch.onnx.errors import OnnxExporterError

from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.inspection.backends import OnnxNetwork
from mminspect.inspection.backends.metadata import describe, reason_of
from mminspect.inspection.networks import TorchNetwork
from mminspect.inspection.tasks import task_of

from .tracing import TraceMode, no_advice

INPUT, BATCH = 'images', 'batch'
#: The oldest has all operators, the newest is the last that torch's exporter knows.
OPSETS = range(17, 21)
#: Largest absolute difference from PyTorch, by output.
Difference = dict[str, float]


def export_onnx(network: TorchNetwork, path: str | Path, opset: int = 17) -> Difference:
    """Write a network as ONNX: standard operators, any batch size, its description in the metadata.

    The file is checked with ONNX's own checker and run once beside PyTorch before it takes its place. Of a model whose
    map cannot be exported it has the score alone; a line of the log says so.

    Args:
        network: It is copied and not changed.
        path: The file to write or replace.
        opset: The version of the operators, one of :data:`OPSETS`.

    Returns:
        How far apart the two were.

    Raises:
        UserError: They are too far apart (weights that are NaN are), another opset is wanted, or there is no standard
            operator for a part of the network.
    """
    if opset not in OPSETS:
        raise UserError(f'opset {opset} cannot be exported: take one of {OPSETS[0]} to {OPSETS[-1]}')
    network = _for_export(network)
    images = np.random.default_rng(0).uniform(0, 255, (3, *network.spec.input_size, 3)).astype(np.float32)
    model = _tidied(_traced(network, torch.from_numpy(images[:2]), opset), network(images))
    describe(model, network.spec)
    onnx.checker.check_model(model, full_check=True)
    difference = _compare(model, network, images)
    with replacing(path) as handle:
        handle.write(model.SerializeToString())
    return difference


def _for_export(network: TorchNetwork) -> TorchNetwork:
    """A copy on the CPU that consists of operators alone."""
    network = task_of(network.spec.kind).exportable(network)
    return TorchNetwork(copy.deepcopy(network.module).cpu(), network.spec)


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


def _compare(model: onnx.ModelProto, network: TorchNetwork, images: NDArray[np.float32]) -> Difference:
    """Largest differences over a single image and a batch of another size than was traced."""
    with TemporaryDirectory() as folder:
        file = Path(folder, 'model.onnx')
        onnx.save(model, file)
        exported = OnnxNetwork(file)
    worst: Difference = dict.fromkeys(network.spec.outputs, 0.0)
    for batch in (images[:1], images):
        ours, theirs = network(batch), _run(exported, batch)
        for name in worst:
            worst[name] = float(np.maximum(worst[name], np.abs(ours[name] - theirs[name]).max()))  # NaN stays
    tolerances = task_of(network.spec.kind).tolerances
    for name, value in worst.items():
        if not value <= tolerances[name]:
            raise UserError(f'{name} of the exported {network.spec.name} is {value:.3g} away from PyTorch, more than '
                            f'{tolerances[name]:g}, so that nothing is written: see whether the weights are finite')
    return worst


def _run(exported: OnnxNetwork, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    try:
        return exported(batch)
    except Exception as error:  # the runtime's own classes have no other base
        raise UserError(f'the exported {exported.spec.name} fails on a batch of {len(batch)}, so that nothing is '
                        f'written: {reason_of(error)}') from error
