"""From a network on PyTorch to a file of a target that computes the same."""
from __future__ import annotations

import copy
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.inspection.backends import open_network
from mminspect.inspection.backends.metadata import reason_of
from mminspect.inspection.network import Network
from mminspect.inspection.networks import TorchNetwork
from mminspect.inspection.spec import check_spec
from mminspect.inspection.tasks import task_of

from .target import Target

#: Largest absolute difference from PyTorch, by output.
Difference = dict[str, float]


def export_network(network: TorchNetwork, path: str | Path, target: Target) -> Difference:
    """Write a network as a file that holds all that is needed to use it.

    The file is opened by the runtime of its suffix and run beside PyTorch before it takes its place. Of a model whose
    map cannot be exported it has the score alone; a line of the log says so.

    Args:
        network: It is copied and not changed.
        path: The file to write or replace.
        target: The form of the file.

    Returns:
        How far apart the two were.

    Raises:
        UserError: They are too far apart (weights that are NaN are), or the target cannot express a part of the
            network.
    """
    try:
        check_spec(network.spec)
    except ValueError as error:
        raise UserError(f'{network.spec.name} cannot be exported, since nobody could read its description ({error}): '
                        'correct the config') from error
    network = task_of(network.spec.kind).exportable(network)
    network = TorchNetwork(copy.deepcopy(network.module).cpu(), network.spec)
    images = np.random.default_rng(0).uniform(0, 255, (3, *network.spec.input_size, 3)).astype(np.float32)
    expected = [network(batch) for batch in (images[:1], images)]  # the target may change its copy
    with TemporaryDirectory() as folder:
        file = Path(folder, f'model{target.suffix}')
        target.write(network, images, file)
        exported = open_network(file)
        found = [_run(exported, batch) for batch in (images[:1], images)]
        difference = _compare(network, expected, found)
        with replacing(path) as handle, file.open('rb') as source:
            shutil.copyfileobj(source, handle)
    return difference


def _compare(network: Network, expected: list[dict[str, NDArray]], found: list[dict[str, NDArray]]) -> Difference:
    """Largest differences over a single image and a batch of several."""
    tolerances, worst = task_of(network.spec.kind).tolerances, dict.fromkeys(network.spec.outputs, 0.0)
    for ours, theirs in zip(expected, found, strict=True):
        for name in worst:
            worst[name] = float(np.maximum(worst[name], np.abs(ours[name] - theirs[name]).max()))  # NaN stays
    for name, value in worst.items():
        if not value <= tolerances[name]:
            raise UserError(f'{name} of the exported {network.spec.name} is {value:.3g} away from PyTorch, more than '
                            f'{tolerances[name]:g}, so that nothing is written: see whether the weights are finite')
    return worst


def _run(exported: Network, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    try:
        return exported(batch)
    except Exception as error:  # the runtimes' own classes have no other base
        raise UserError(f'the exported {exported.spec.name} fails on a batch of {len(batch)}, so that nothing is '
                        f'written: {reason_of(error)}') from error
