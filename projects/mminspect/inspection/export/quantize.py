"""From an exported file to one that computes in 8-bit integers."""
from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from mminspect.core.fileio import replacing
from mminspect.inspection.backends.metadata import describe, model_spec, read_model
from mminspect.inspection.geometry import fit
from mminspect.inspection.networks.fingerprint import DIGITS
from mminspect.inspection.spec import NetworkSpec
from mminspect.inspection.windows import plan_windows
from mminspect.vision.tiling import cut

from .tracing import no_advice

#: Operators that are computed in integers: convolutions and what would otherwise convert between two of them.
QUANTIZED = ('Conv', 'Relu', 'MaxPool', 'Add')
#: More normal images than these change the ranges of the values hardly.
ENOUGH = 100


def quantize_onnx(source: str | Path, target: str | Path, images: Sequence[str | Path]) -> None:
    """Write an 8-bit version of an exported network: static quantisation, weights per channel (QDQ format).

    Weights become int8, activations uint8, with the ranges that normal images show. Smoothing of maps, the last
    convolutions and whatever is no convolution stay float32, so that scores keep their resolution. The name of the
    network gets the suffix ``-int8``, its fingerprint is that of the new weights. It has no threshold, since scores of
    float32 say nothing about those of 8 bits: see :func:`~mminspect.inspection.export.refitting.refit`.

    Args:
        source: File that :func:`~mminspect.inspection.export.export_onnx` has written.
        target: The file to write or replace.
        images: Files of normal images. Of more than :data:`ENOUGH`, so many are taken at equal distances.

    Raises:
        UserError: ``source`` is missing, damaged or not exported by this project, or an image is missing or damaged.
    """
    spec, graph = model_spec(source), read_model(source).graph
    with TemporaryDirectory() as folder, no_advice():
        file = Path(folder, 'int8.onnx')
        reader = _Reader(normal_pixels(images, spec), graph.input[0].name)
        quantize_static(str(source), str(file), reader, quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                        op_types_to_quantize=list(QUANTIZED), nodes_to_exclude=kept_nodes(graph))
        model = onnx.load(file)
    own = hashlib.sha256(spec.fingerprint.encode() + model.graph.SerializeToString(deterministic=True)).hexdigest()
    describe(model, replace(spec.with_calibration(None), name=f'{spec.name}-int8', fingerprint=own[:DIGITS]))
    onnx.checker.check_model(model)
    with replacing(target) as handle:
        handle.write(model.SerializeToString())


def normal_pixels(images: Sequence[str | Path], spec: NetworkSpec) -> Iterator[NDArray[np.float32]]:
    """What the network sees of normal images, read one after the other, (1, h, w, 3); each tile where images are
    cut.

    Args:
        images: The files of normal images. Of more than :data:`ENOUGH`, so many are taken at equal distances.
        spec: The description of the network.
    """
    tile, overlap = spec.tiles
    for place in np.linspace(0, len(images) - 1, min(ENOUGH, len(images))):
        image = spec.reading.read(images[round(place)])
        for box in [(0, 0, *image.shape[:2])] if tile is None else plan_windows(image.shape[:2], tile, overlap):
            yield fit(cut(image, box), spec).pixels[None]


def kept_nodes(graph: onnx.GraphProto) -> list[str]:
    """Names of the nodes that stay float32 although they are :data:`QUANTIZED`.

    Convolutions of one channel to one channel, which smooth maps; convolutions behind which no other comes, whose
    results are the prediction; additions without a ReLU behind them, which are arithmetic and no shortcut.
    """
    shapes = {weights.name: tuple(weights.dims) for weights in graph.initializer}
    activated = {node.input[0] for node in graph.node if node.op_type == 'Relu'}
    kept, leading = [], set()  # tensors from which a convolution can be reached
    for node in reversed(graph.node):
        smooths = node.op_type == 'Conv' and shapes.get(node.input[1], ())[:2] == (1, 1)
        convolves = node.op_type == 'Conv' and not smooths
        is_last = convolves and leading.isdisjoint(node.output)
        if smooths or is_last or (node.op_type == 'Add' and activated.isdisjoint(node.output)):
            kept.append(node.name)
        if convolves or not leading.isdisjoint(node.output):
            leading.update(node.input)
    return kept


class _Reader(CalibrationDataReader):
    """Hands over one image after the other."""

    def __init__(self, images: Iterator[NDArray[np.float32]], name: str) -> None:
        self._images, self._name = images, name

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        pixels = next(self._images, None)
        return None if pixels is None else {self._name: pixels}
