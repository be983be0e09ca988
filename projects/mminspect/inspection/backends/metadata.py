"""The description that an exported file carries."""
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from mminspect.core.errors import UserError, no_file
from mminspect.core.fileio import replacing
from mminspect.inspection.spec import CHECKSUM, METADATA_KEY, NetworkSpec
from mminspect.inspection.tasks import task_of
from mminspect.inspection.tasks.task import Shape

from .checksum import checksum_of, file_checksum


def spec_of(metadata: Mapping[str, str], path: str | Path) -> NetworkSpec:
    """The description in the metadata of the file ``path``.

    Raises:
        UserError: There is none, or it is damaged.
    """
    if METADATA_KEY not in metadata:
        raise UserError(f'{path} was not exported by this project, so that nobody knows what its inputs and outputs '
                        'mean: export the checkpoint with mminspect export')
    return NetworkSpec.from_json(metadata[METADATA_KEY], str(path))


def compare_checksum(metadata: Mapping[str, str], path: str | Path) -> None:
    """Compare the checksum in the metadata of the file ``path``; files of versions before 0.3 have none.

    Raises:
        UserError: It differs.
    """
    fields = json.loads(metadata[METADATA_KEY])
    if (expected := fields.pop(CHECKSUM, None)) is None:
        return
    try:
        found = file_checksum(path, json.dumps(fields))
    except ValueError as error:
        raise damaged(path, error) from error
    if found != expected:
        raise UserError(f'{path} is damaged, or was changed by another program: its checksum differs from that of the '
                        'export, so export the checkpoint again')


def check_graph(spec: NetworkSpec, inputs: Mapping[str, Sequence[Any]], outputs: Mapping[str, Sequence[Any]],
                path: str | Path) -> None:
    """Make sure that a graph takes and gives what its description says.

    Args:
        spec: The description.
        inputs: Shapes by name; what is no number there is not fixed.
        outputs: Likewise.
        path: Of the file, for messages.

    Raises:
        UserError: It does not, or no task is registered for its kind.
    """
    task = task_of(spec.kind)
    try:
        expected = task.shapes(spec)
    except ValueError as error:
        raise UserError(f'the description in {path} is damaged ({error}): export the model again') from error
    if problem := next(_differences(spec, expected, inputs, outputs), None):
        raise UserError(f'the description in {path} does not fit its graph ({problem}): export the model again')


def _differences(spec: NetworkSpec, expected: Mapping[str, Shape], inputs: Mapping[str, Sequence[Any]],
                 outputs: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    if len(inputs) != 1:
        yield f'the graph has {len(inputs)} inputs'
    for shape in inputs.values():
        if not _fits(shape, (None, *spec.input_size, 3)):
            yield f'input_size is {spec.input_size}, and the graph takes {tuple(shape)}'
    for name in spec.outputs:
        if name not in outputs:
            yield f'the graph has no output {name!r}'
        elif name in expected and not _fits(outputs[name], expected[name]):
            yield f'the output {name} has the shape {tuple(outputs[name])}, and {expected[name]} was to be expected'


def _fits(shape: Sequence[Any], expected: Shape) -> bool:
    return len(shape) == len(expected) and all(
        side is None or type(given) is not int or given == side for given, side in zip(shape, expected, strict=True))


def model_spec(path: str | Path) -> NetworkSpec:
    """The description in a file, without a runtime.

    Raises:
        UserError: The file is missing or damaged, or was not exported by this project.
    """
    model = read_model(path)
    spec = described(model, path)
    compare_checksum(metadata_of(model, path), path)
    return spec


def metadata_of(model: onnx.ModelProto, path: str | Path) -> dict[str, str]:
    """Values by key of a graph that was read from ``path``; raises UserError where bytes are no text."""
    try:
        return {entry.key: entry.value for entry in model.metadata_props}
    except UnicodeDecodeError as error:  # they are decoded when they are asked for
        raise damaged(path, error) from error


def described(model: onnx.ModelProto, path: str | Path) -> NetworkSpec:
    """The description in a graph that was read from ``path``, once it is seen to fit; the checksum is not compared.

    Raises:
        UserError: There is none, it is damaged, or does not fit the graph.
    """
    spec = spec_of(metadata_of(model, path), path)
    try:
        weights = {tensor.name for tensor in model.graph.initializer}  # which older files name among the inputs
        inputs = _shapes(value for value in model.graph.input if value.name not in weights)
        outputs = _shapes(model.graph.output)
    except UnicodeDecodeError as error:
        raise damaged(path, error) from error
    check_graph(spec, inputs, outputs, path)
    return spec


def _shapes(values: Iterable[onnx.ValueInfoProto]) -> dict[str, tuple[Any, ...]]:
    return {value.name: tuple(side.dim_value if side.HasField('dim_value') else None
                              for side in value.type.tensor_type.shape.dim) for value in values}


def set_calibration(path: str | Path, state: dict[str, Any] | None) -> None:
    """Give an exported file another calibration; its network stays as it is, and so does the file if this fails.

    Args:
        path: The file to change.
        state: The state of a :class:`mminspect.decisions.Calibration`; None takes the calibration away.

    Raises:
        UserError: The file is missing or damaged, or was not exported by this project.
    """
    model = read_model(path)
    spec = described(model, path)
    compare_checksum(metadata_of(model, path), path)
    describe(model, spec.with_calibration(state))
    with replacing(path) as handle:
        handle.write(model.SerializeToString())


def describe(model: onnx.ModelProto, spec: NetworkSpec) -> None:
    """Put the description into a model's metadata, in place of an older one, with a checksum over both."""
    text = spec.to_json()
    for entry in [entry for entry in model.metadata_props if entry.key == METADATA_KEY]:
        model.metadata_props.remove(entry)
    fields = json.loads(text)
    checksum = checksum_of(model.graph.SerializeToString(), json.dumps(fields))
    model.metadata_props.add(key=METADATA_KEY, value=json.dumps({**fields, CHECKSUM: checksum}))


def read_model(path: str | Path) -> onnx.ModelProto:
    """The graph in a file; raises UserError where it is missing or damaged."""
    check_file(path)
    try:
        model = onnx.load(path)
    except (DecodeError, OSError, onnx.checker.ValidationError) as error:
        raise damaged(path, error) from error
    if not model.graph.node:  # protobuf accepts many files that mean nothing
        raise damaged(path, ValueError('it holds no graph'))
    return model


def check_file(path: str | Path) -> None:
    """Raise UserError unless ``path`` is an existing file that may be ONNX."""
    if Path(path).suffix.lower() != '.onnx':
        raise UserError(f'{path} is no .onnx file: name one that mminspect export has written')
    if not Path(path).is_file():
        raise no_file(f'model {path}', path)


def damaged(path: str | Path, error: Exception) -> UserError:
    """What to raise for a file that cannot be loaded."""
    return UserError(f'{path} is damaged or no ONNX model ({reason_of(error)}): export the checkpoint again')


def reason_of(error: Exception) -> str:
    """The last line of a runtime's message, which is where they say what happened."""
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
