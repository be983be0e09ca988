"""The forms that one network is measured in: PyTorch, and exported files on two runtimes in several precisions."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mminspect.inspection.backends import open_network
from mminspect.inspection.export import export_onnx
from mminspect.inspection.export.quantize import quantize_onnx
from mminspect.inspection.network import Network
from mminspect.inspection.networks import TorchNetwork

FORMS = ('PyTorch', 'ONNX Runtime', 'OpenVINO f32', 'OpenVINO bf16', 'ONNX Runtime int8')


def open_forms(network: TorchNetwork, stem: Path, images: Sequence[Path]) -> dict[str, Network]:
    """Every form of a network by name, the eager one first.

    Args:
        network: On PyTorch.
        stem: Path of the files to write, without suffix.
        images: What the ranges of int8 are taken from.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    exported, small = stem.with_suffix('.onnx'), stem.with_suffix('.int8.onnx')
    export_onnx(network, exported)
    quantize_onnx(exported, small, images)
    made: tuple[Callable[[], Network], ...] = (
        lambda: network, lambda: open_network(exported), lambda: open_network(exported, 'openvino'),
        lambda: open_network(exported, 'openvino', precision='bf16'), lambda: open_network(small))
    return {form: make() for form, make in zip(FORMS, made, strict=True)}
