"""The config inside of a checkpoint: data, never a program.

A config file is a program that runs when it is read; one that lies beside a downloaded checkpoint would run with the
rights of whoever only wanted to look at a picture. What is stored in the checkpoint is the finished config as plain
values. It can name components, which are looked up among those that the project and the installed packages of methods
have registered, and modules to import, which have to belong to such packages.
"""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mminspect.core.errors import UserError

from .config_text import values_of

#: Key of a checkpoint: ``name`` of the config file and its ``values``.
CONFIG_KEY = 'config'
#: Entries of a config that an inspection or an export builds something from.
BUILT = ('model', 'test_dataloader', 'test_evaluator')
#: Ends of names of files that are programs, or whose reading runs what is in them: YAML names objects to be called.
PROGRAMS = ('.py', '.pkl', '.pickle', '.yaml', '.yml')
#: Entries that only a training needs, and that name a config or weights to be read.
OF_TRAINING = ('teacher_config', 'teacher_ckpt')
#: A stored config has some thousand entries; more come from one that is meant to fill the memory.
MOST_ENTRIES = 200_000


def as_stored(cfg: Config) -> dict[str, Any]:
    """What a checkpoint keeps of a config: numbers, strings, None, lists, tuples and dicts alone."""
    return dict(name=Path(cfg.filename or 'model').name, values=_plain(cfg.to_dict()))


def read_stored_config(checkpoint: Mapping[str, Any], path: str) -> Config:
    """The config in a checkpoint; nothing is executed or imported.

    Checkpoints of versions before 0.2, and mmengine's own, hold the text of the finished config, of which assignments
    of plain values are understood.

    Args:
        checkpoint: Content of the file.
        path: Of the file, for messages.

    Raises:
        UserError: There is none, or it holds more than plain values.
    """
    stored, meta = checkpoint.get(CONFIG_KEY), checkpoint.get('meta')
    text = meta.get('cfg') if isinstance(meta, Mapping) else None
    try:
        if isinstance(stored, Mapping):
            return _config(dict(stored['values']), str(stored['name']))
        if isinstance(text, str):
            return _config(values_of(text), str(meta.get('experiment_name', 'model')).rsplit('_', 2)[0] + '.py')
    except (KeyError, TypeError, ValueError, AttributeError, SyntaxError, RecursionError, MemoryError) as error:
        raise UserError(f'the config in {path} cannot be read as data ({error}): name the config file that it was '
                        'trained with (--config), if you trust it, since a config is a program') from error
    raise UserError(f'{path} holds no config: name the config file that it was trained with (--config)')


def _config(values: dict[str, Any], name: str) -> Config:
    _check_size(values)
    cfg = Config({key: _without_programs(value) if key in BUILT else value for key, value in values.items()})
    object.__setattr__(cfg, '_filename', name)  # Config reads the file that it is told
    return cfg


def _check_size(values: dict[str, Any]) -> None:
    """Raise ValueError for too many entries, those counted again that several places share."""
    waiting, count = [values], 0
    while waiting:
        node = waiting.pop()
        children = list(node.values()) if isinstance(node, Mapping) else node
        count += len(children)
        if count > MOST_ENTRIES:
            raise ValueError(f'it has more than {MOST_ENTRIES} entries')
        waiting += [child for child in children if isinstance(child, (Mapping, list, tuple))]


def _without_programs(node: Any) -> Any:
    """A copy in which no entry names a file whose reading would run it: the config of a distilled detector's teacher,
    pickled annotations."""
    if isinstance(node, Mapping):
        return {key: None if key in OF_TRAINING else _without_programs(child) for key, child in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(map(_without_programs, node))
    return None if isinstance(node, str) and (node.strip().lower().endswith(PROGRAMS) or '::' in node) else node


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value)) if type(value) in (list, tuple) else list(map(_plain, value))
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return getattr(value, '__name__', str(value))  # a class in place of its name
