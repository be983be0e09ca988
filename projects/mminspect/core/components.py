"""Words for what goes wrong in other packages: unknown components, and a batch that BatchNorm cannot train on."""
from __future__ import annotations

import contextlib
import difflib
import importlib
import io
import re
import textwrap
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, MappingProxyType
from typing import Any

import mmengine.registry
from mmengine.config import Config
from mmengine.registry import DATA_SAMPLERS, DATASETS, FUNCTIONS, TRANSFORMS, Registry
from torch.utils.data import DataLoader, Dataset, Sampler

from mminspect.core.cli import DEBUG_VARIABLE, sentence
from mminspect.core.config_entries import file_of
from mminspect.core.errors import UserError

#: Packages of OpenMMLab whose components a config may name by the package's name alone.
OPENMMLAB = ('mmdet', 'mmpretrain')
#: Kinds of components that an inspection is built from.
BUILT_KINDS = ('model', 'task util', 'dataset', 'transform', 'metric')
#: Kinds of components that a data section of a config names: where they are registered, and what is one without that.
DATA_KINDS = MappingProxyType({'dataset': (DATASETS, Dataset), 'transform': (TRANSFORMS, None),
                               'data sampler': (DATA_SAMPLERS, Sampler), 'function': (FUNCTIONS, FunctionType)})
#: What constructors raise for values that they do not take; others are mistakes in their programs.
_REFUSALS = (ValueError, KeyError, IndexError, TypeError, AssertionError, ZeroDivisionError, NotImplementedError,
             RuntimeError)
#: How torch begins what a process that reads images has raised; its traceback follows.
_READER = re.compile(r'Caught (\w+) in DataLoader worker process \d+')
#: A line of it that names a place.
_PLACE = re.compile(r'File "([^"]+)", line (\d+), in')
#: What torch says of layers that do not fit each other.
_MISFIT = re.compile(r'expected input\[[^\]]*\] to have \d+ channels, but got \d+ channels'
                     r'|mat1 and mat2 shapes cannot be multiplied \([^)]*\)'
                     r'|running_mean should contain \d+ elements not \d+')


@contextmanager
def explain_errors(cfg: Config, part: str = '') -> Iterator[None]:
    """Turn mmengine's errors about unknown components into one sentence with the nearest known names.

    Args:
        cfg: Config, for its name and entries.
        part: Place in it of what is used in the block, such as ``train_dataloader``; '': all of it.

    So it is with arguments that a component does not have or that are missing, with values that torch's optimisers
    refuse, also for want of parameters, with a package that is not installed, with a model that has no preprocessor,
    with a training batch that has a single value for each channel of a BatchNorm, and with whatever the constructor of
    a component refuses (a ResNet of depth 17), or with parts of a model that do not fit each other.
    """
    try:
        with _explain_parts(cfg, part):
            yield
    except (KeyError, TypeError, AttributeError) as error:
        what = _explanation(cfg, ' '.join(map(str, error.args)))  # KeyError shows its text escaped
        if what is None and _of_optimiser(error):
            what = _refused_by_optimiser(error)
        if what is None and _of_mmengine(error):
            what = _wrong_kind(error)
        if what is None and _lacks_preprocessor(cfg, error):
            what = 'has no model.data_preprocessor, so that the model gets a list of images, not one batch: give it ' \
                   "one, such as dict(type='AnomalyDataPreprocessor') or dict(type='DetDataPreprocessor')"
        if what is None:
            raise
        raise UserError(f'{file_of(cfg)} {what}') from error
    except ImportError as error:  # of what only some components need: timm, ...
        raise UserError(f'{file_of(cfg)} needs a package that is not installed: '
                        f'{" ".join(str(error).split())}') from error
    except ValueError as error:
        if 'optimizer got an empty parameter list' in str(error):
            raise UserError(f'{file_of(cfg)} has an optimiser, but its model has no parameter to '
                            "optimise: for a model that looks at its data once write train_cfg=dict(type='FitOnceLoop')"
                            ' and no optim_wrapper') from error
        if 'mush be an optimizer object' in str(error):
            raise UserError(f'{file_of(cfg)} has an optim_wrapper without an optimizer: give it one, '
                            "such as optimizer=dict(type='Adam', lr=0.001)") from error
        if _of_mmengine(error):
            raise UserError(f'{file_of(cfg)} {_wrong_kind(error)}') from error
        if _of_optimiser(error) or re.search(r'Invalid [a-z_]+( [a-z_]+)*: .*', str(error)):
            raise UserError(f'{file_of(cfg)} {_refused_by_optimiser(error)}') from error
        if 'Expected more than 1 value per channel when training' not in str(error):
            raise
        raise UserError(_single_value(cfg, error)) from error


@contextmanager
def _explain_parts(cfg: Config, part: str) -> Iterator[None]:
    """What remains when nobody knew more: a constructor that failed, layers that do not fit each other, and whatever
    data sets, samplers and steps of a pipeline raise."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        message = ' '.join(map(str, error.args))
        name = _refusing_component(error) if isinstance(error, _REFUSALS) else None
        if name and not _is_known(cfg, error, message):
            reason = textwrap.shorten(message, 300, placeholder=' ...') or type(error).__name__
            raise UserError(f'{file_of(cfg)} gives {name} values that it refuses: {reason}') from error
        if isinstance(error, RuntimeError) and (match := _MISFIT.search(message)):
            raise UserError(f'two parts of the model in {file_of(cfg)} do not fit each other '
                            f'({match[0]}): compare the channels that one gives with those that the next one '
                            'takes') from error
        told = sentence(error) or isinstance(error, ImportError) or _explanation(cfg, message)
        if not told and (reason := _failure_of_data(error, message)):
            place = part or 'the data'
            raise UserError(f'{place} of {file_of(cfg)} gives no image: {reason}') from error
        raise


def _single_value(cfg: Config, error: ValueError) -> str:
    """What to do where a normalisation has one value to take a mean of; GroupNorm has in test too."""
    if any(frame.f_code.co_name == 'group_norm' for frame, _ in traceback.walk_tb(error.__traceback__)):
        return (f'{file_of(cfg)} normalises single values: an image is so small that its last level '
                'has one pixel, and a GroupNorm has as many groups as channels: give it fewer num_groups or more '
                'channels, or the data larger images')
    return ('a training batch holds one image, so small that BatchNorm gets a single value of it: raise '
            'train_dataloader.batch_size (with drop_last=True if one image is left over) or the size of the images')


def _failure_of_data(error: Exception, message: str) -> str | None:
    """What failed while an image was made, and what to do; None: it was something else."""
    failed = failing_component(error)
    if match := _READER.search(message):
        place = _PLACE.findall(message)
        where = f'{Path(place[-1][0]).name} line {place[-1][1]}' if place else 'a process that reads images'
        reason = textwrap.shorten(message.splitlines()[-1] or match[1], 300, placeholder=' ...')
        return f'{where} fails ({reason}), so correct the values of the step to which it belongs, or what comes ' \
               f'before it ({DEBUG_VARIABLE}=1 shows more)'
    if failed is None:
        return None
    if isinstance(error, KeyError) and failed in _registered('transform'):
        return f'its step {failed.__name__} needs {message!r}, which no step before it gives, so add the step that ' \
               'does, or change their order'
    reason = textwrap.shorten(f'{type(error).__name__}: {message}', 300, placeholder=' ...')
    return f'{failed.__name__} fails ({reason}), so correct its values or what comes before it ' \
           f'({DEBUG_VARIABLE}=1 shows where)'


def failing_component(error: BaseException) -> type | None:
    """The innermost data set, step, sampler or data loader in which an error was raised; None: it was in none."""
    known = [one for kind in DATA_KINDS for one in _registered(kind)]
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        owner = frame.f_locals.get('self')
        found = frame.f_locals.get('obj_cls') if frame.f_code.co_name == 'build_from_cfg' else type(owner)
        if isinstance(found, type) and (found is DataLoader or found in known):
            return found
    return None


def _refusing_component(error: Exception) -> str | None:
    """The class of the component whose constructor, called by a registry, raised the error; None: none did."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    built = [number for number, frame in enumerate(frames) if frame.f_code.co_name == 'build_from_cfg']
    if not built or built[-1] + 1 == len(frames):
        return None
    constructor = frames[built[-1] + 1]
    owner = constructor.f_locals.get('self')
    return type(owner).__name__ if constructor.f_code.co_name == '__init__' and owner is not None else None


def _is_known(cfg: Config, error: Exception, message: str) -> bool:
    return _explanation(cfg, message) is not None or _of_optimiser(error) or _of_mmengine(error) or any(
        words in message for words in ('empty parameter list', 'mush be an optimizer object', 'Invalid ')) or (
        _lacks_preprocessor(cfg, error))


def _explanation(cfg: Config, message: str) -> str | None:
    if match := re.search(r'([\w.:]+) is not in the ([\w.: ]+) registry', message):
        registry = match.group(2).split('::')[-1]
        return _unknown(match.group(1), f' ({registry})', component_names(registry))
    if 'must contain the key "type"' in message:
        return _typeless(cfg, message)
    if 'Cannot find None in registry' in message or 'None is not a callable object' in message:
        # layers and optimisers are looked up without saying what was not found
        known = component_names(None)
        return next((_unknown(name, '', known) for name in _types(cfg.to_dict()) if name.split('.')[-1] not in known),
                    None)
    if re.search(r'__init__\(\) missing \d+ required (positional|keyword-only) arguments?: ', message):
        return f'leaves out an argument that its component needs: {message}'
    if "got an unexpected keyword argument '" in message:
        return f'gives an argument that its component does not have: {message}'
    return None


def _lacks_preprocessor(cfg: Config, error: BaseException) -> bool:
    """Whether a list was met where a model, which need not have one, expects what its preprocessor makes."""
    model = cfg.get('model')
    return isinstance(model, dict) and not model.get('data_preprocessor') and failing_component(error) is None and (
        re.search(r"'list' object|not list\b|\blist, ", str(error)) is not None)


def _of_mmengine(error: BaseException) -> bool:
    """Whether mmengine itself says what an entry of a config should be."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and 'mmengine' in Path(frames[-1].filename).parts and re.search(
        r'\b(should|must) be\b', str(error)) is not None


def _wrong_kind(error: BaseException) -> str:
    return f'has an entry that cannot be: {textwrap.shorten(str(error), 200, placeholder=" ...")}'


def _of_optimiser(error: BaseException) -> bool:
    """Whether the constructor of one of torch's optimisers, which compares values without looking at them, failed."""
    frames = [(Path(frame.filename), frame.name) for frame in traceback.extract_tb(error.__traceback__)]
    return bool(frames) and frames[-1][0].parts[-3:-1] == ('torch', 'optim') and frames[-1][1] == '__init__'


def _refused_by_optimiser(error: BaseException) -> str:
    match = re.search(r'Invalid [a-z_]+( [a-z_]+)*: .*', str(error))
    return f'gives its optimiser a value that it refuses ({match.group() if match else error}): correct ' \
           'optim_wrapper.optimizer'


def _typeless(cfg: Config, message: str) -> str:
    """Which entry has no type, and what it may have been meant for."""
    entries = {name: dict(hook) for name, hook in (cfg.get('default_hooks') or {}).items() if isinstance(hook, dict)}
    name = next((name for name, hook in entries.items() if 'type' not in hook and str(hook) in message), None)
    if name is None:
        return f'has an entry without a type, so that nobody knows what it is: {message}'
    near = difflib.get_close_matches(name, [other for other, hook in entries.items() if 'type' in hook], n=3)
    hint = f'did you mean {" or ".join(near)}?' if near else 'name its type'
    return f'has a hook without a type, default_hooks.{name}; {hint}'


def find_component(kind: str, name: str, scope: str) -> Any:
    """What a Runner builds where a config names a component of its data.

    mmengine takes a name that is not registered for a place in a module, and would call whatever is there.

    Args:
        kind: One of :data:`DATA_KINDS`.
        name: In a config.
        scope: In which it is looked for.

    Returns:
        A class, or a function that is registered; None for what is no such component.
    """
    root, base = DATA_KINDS[kind]
    try:
        with root.switch_scope_and_registry(scope) as registry:
            found = registry.get(name)
    except Exception:  # of the modules that it imports, and of names that cannot be one
        return None
    if any(found is other for other in _registered(kind)):
        return found
    if base is FunctionType or not isinstance(found, type):
        return found if base is FunctionType and isinstance(found, base) else None
    is_one = issubclass(found, base) if base else any('__call__' in vars(owner) for owner in found.__mro__)
    return found if is_one else None


def unknown_component(name: str, kind: str) -> str:
    """What is said of a name for which :func:`find_component` finds nothing."""
    return _unknown(name, f' ({kind})', component_names(kind))


def _unknown(name: str, kind: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name.split('.')[-1], sorted(known), n=3, cutoff=0.5)
    hint = f'did you mean {" or ".join(near)}?' if near else 'is the package that defines it listed in custom_imports?'
    return f'names an unknown component: {name}{kind}; {hint}'


def _types(node: Any) -> Iterator[str]:
    """Every string under a key ``type``, test settings apart: those name functions (nms)."""
    if isinstance(node, dict):
        if isinstance(node.get('type'), str):
            yield node['type']
        node = [child for key, child in node.items() if key != 'test_cfg']
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _types(child)


def component_names(kind: str | None) -> set[str]:
    """Names in all registries called ``kind`` ('model', 'data sampler', ...), of any scope; None for every registry."""
    return {name for node in _registries(kind) for name in node.module_dict}


def _registered(kind: str) -> list[Any]:
    """What is registered under :func:`component_names`."""
    return [found for node in _registries(kind) for found in node.module_dict.values()]


def scopes() -> set[str]:
    """Scopes of all registries that are loaded: 'mmengine', 'mmdet', ..."""
    return {node.scope for node in _registries()}


def load_scope(scope: str) -> None:
    """Register everything that one of :data:`OPENMMLAB` has, which it does by itself as late as possible.

    Call :func:`mminspect.core.setup.setup` before: mmdet cannot be imported without mmcv's operators.

    Raises:
        UserError: The package is not installed.
    """
    try:
        importlib.import_module(f'{scope}.registry')
    except ImportError as error:
        raise UserError(f'the package {scope} cannot be imported ({error}): install it') from error
    with contextlib.redirect_stdout(io.StringIO()):  # mmdet advertises a data service
        for node in [node for node in _registries() if node.scope == scope and node.name in BUILT_KINDS]:
            node.import_from_location()


def _registries(kind: str | None = None) -> Iterator[Registry]:
    """mmengine's root registries and all below them; with a kind, those that are called so."""
    waiting = [node for node in vars(mmengine.registry).values() if isinstance(node, Registry)]
    while waiting:
        node = waiting.pop()
        if kind is None or node.name.replace('_', ' ') == kind.replace('_', ' '):
            yield node
        waiting += node.children.values()
