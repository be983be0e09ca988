"""What a folder of results was made with, so that the numbers of one run are never taken for those of another.

``job.json`` beside the checkpoints holds hashes of the settings and, once a training has come to its end, at which
checkpoint that was. Folders without one are from trainings by hand: there the name of the checkpoint has to do.
"""
from __future__ import annotations

import copy
import hashlib
import json
import re
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mminspect.core.cli import OptionsAction
from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.runtime.config import load_config

NAME = 'job.json'
#: Entries of a config that decide what is trained, and what is measured.
TRAINED = ('model', 'train_dataloader', 'optim_wrapper', 'param_scheduler', 'custom_hooks', 'randomness', 'load_from')
TESTED = ('model', 'test_dataloader', 'test_evaluator')


@dataclass(frozen=True)
class Settings:
    """Of one training and test.

    Attributes:
        training: Hash of what is trained, its length apart, so that a run can be made longer.
        test: Hash of what is measured.
        length: ('epoch' or 'iter', number of the last one); None where the config does not say.
    """

    training: str
    test: str
    length: tuple[str, int] | None


@dataclass
class Record:
    """Content of :data:`NAME`; empty where nothing is known.

    Attributes:
        training: As in :class:`Settings`.
        test: As in :class:`Settings`.
        finished: Name of the checkpoint at which the training ended, and the length it was to have.
    """

    training: str = ''
    test: str = ''
    finished: list | None = None

    @classmethod
    def of(cls, folder: Path) -> Record:
        """The record in a folder; an empty one where there is none, or none that can be read."""
        try:
            return cls(**json.loads((folder / NAME).read_text()))
        except (OSError, ValueError, TypeError):
            return cls()

    def save(self, folder: Path) -> None:
        """Write it, whole or not at all."""
        with replacing(folder / NAME) as handle:
            handle.write(json.dumps(asdict(self), indent=2).encode())


def settings_of(config: str | Path, train_arguments: Sequence[str], test_arguments: Sequence[str]) -> Settings:
    """Settings of a config with the arguments of mminspect train and mminspect test.

    Variables of the environment are not looked at: they say where data and weights lie.

    Raises:
        UserError: The config cannot be read, or the options do not fit it.
    """
    trained, others = _resolve(config, train_arguments)
    tested, _ = _resolve(config, test_arguments)
    loop = trained.get('train_cfg') or {}
    length = next(((kind, int(loop[key])) for kind, key in (('epoch', 'max_epochs'), ('iter', 'max_iters'))
                   if loop.get(key)), None)
    return Settings(_hash([{key: trained.get(key) for key in TRAINED}, others]),
                    _hash({key: tested.get(key) for key in TESTED}), length)


def number_of(checkpoint: Path) -> tuple[str, int] | None:
    """('epoch' or 'iter', number) from the name that mmengine gives a checkpoint; None for other names."""
    match = re.fullmatch(r'(epoch|iter)_(\d+)', checkpoint.stem)
    return match and (match.group(1), int(match.group(2)))


def is_end(checkpoint: Path, length: tuple[str, int] | None, record: Record) -> bool:
    """Whether a training of this length ended with the checkpoint, after its last epoch or by a stopping rule."""
    return length is None or number_of(checkpoint) == length or record.finished == [checkpoint.name, list(length)]


def _resolve(config: str | Path, arguments: Sequence[str]) -> tuple[Config, list[str]]:
    """The config with the options among the arguments, and the other arguments."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument('--cfg-options', nargs='+', action=OptionsAction, default={})
    options, others = parser.parse_known_args(list(arguments))
    path = Path(config)
    cfg = copy.deepcopy(_read(str(path), path.stat().st_mtime_ns if path.is_file() else 0))
    try:
        cfg.merge_from_dict(options.cfg_options)
    except (KeyError, TypeError, IndexError, AssertionError) as error:
        raise UserError(f'--cfg-options does not fit {config}: {error}') from error
    return cfg, others


@lru_cache(maxsize=32)  # a sweep asks for every category and seed
def _read(config: str, modified: int) -> Config:
    try:
        return Config.fromfile(config, use_environment_variables=False, import_custom_modules=False)
    except (Exception, SystemExit):  # wrong, which the other reader says in one sentence, or a variable for a number
        return load_config(config)


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(_portable(value), sort_keys=True, default=str).encode()).hexdigest()


def _portable(value: Any) -> Any:
    """The value without the folders of absolute paths: a folder of runs that was moved is the same one."""
    if isinstance(value, Mapping):
        return {str(key): _portable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_portable(item) for item in value]
    return Path(value).name if isinstance(value, str) and value.startswith('/') else value
