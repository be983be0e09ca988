"""The description that an exported file carries."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from mminspect.core.errors import UserError, no_file
from mminspect.core.fileio import replacing
from mminspect.inspection.spec import METADATA_KEY, NetworkSpec


def spec_of(metadata: dict[str, str], path: str | Path) -> NetworkSpec:
    """The description in the metadata of the file ``path``.

    Raises:
        UserError: There is none, or it is damaged.
    """
    if METADATA_KEY not in metadata:
        raise UserError(f'{path} was not exported by this project, so that nobody knows what its inputs and outputs '
                        'mean: export the checkpoint with mminspect export')
    return NetworkSpec.from_json(metadata[METADATA_KEY], str(path))


def model_spec(path: str | Path) -> NetworkSpec:
    """The description in a file, without a runtime.

    Raises:
        UserError: The file is missing or damaged, or was not exported by this project.
    """
    return spec_of({entry.key: entry.value for entry in read_model(path).metadata_props}, path)


def set_calibration(path: str | Path, state: dict[str, Any] | None) -> None:
    """Give an exported file another calibration; its network stays as it is, and so does the file if this fails.

    Args:
        path: The file to change.
        state: The state of a :class:`mminspect.decisions.Calibration`; None takes the calibration away.

    Raises:
        UserError: The file is missing or damaged, or was not exported by this project.
    """
    model = read_model(path)
    describe(model, spec_of({entry.key: entry.value for entry in model.metadata_props}, path).with_calibration(state))
    with replacing(path) as handle:
        handle.write(model.SerializeToString())


def describe(model: onnx.ModelProto, spec: NetworkSpec) -> None:
    """Put the description into a model's metadata, in place of an older one."""
    for entry in [entry for entry in model.metadata_props if entry.key == METADATA_KEY]:
        model.metadata_props.remove(entry)
    model.metadata_props.add(key=METADATA_KEY, value=spec.to_json())


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
