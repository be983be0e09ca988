"""Configs by their names: this project's own are found from any folder, also in bases of other configs."""
from __future__ import annotations

import difflib
import glob
import os
from pathlib import Path

from .errors import UserError, no_file
from .home import home

#: Before the name of a config of this project, as in ``_base_ = 'mminspect::fdrd/gfl_r18_48e_medicine.py'``.
PREFIX = 'mminspect::'


def find_config(name: str | Path) -> Path:
    """The file of a config.

    Args:
        name: A file; or, of the configs that come with this project, the path below ``configs/``
            (``anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec``) or the name alone (``rd4ad_r18_20e_mvtec``), with or without
            ``.py``, with or without ``mminspect::`` or ``configs/`` in front. A file goes before a name.

    Raises:
        UserError: There is no such file and no such config; or the name alone fits several.
    """
    if os.path.isfile(name):  # also of a name that is too long for one
        return Path(name)
    root, wanted = home() / 'configs', _below_configs(str(name))
    if Path(wanted).is_absolute() or '..' in Path(wanted).parts:
        raise no_file(f'config {name}', name)
    for candidate in (wanted, f'{wanted}.py'):
        if os.path.isfile(root / candidate):
            return root / candidate
    if len(Path(wanted).parts) == 1 and not os.path.isdir(name):
        pattern = f'{glob.escape(wanted.removesuffix(".py"))}.py'
        found = sorted(path for path in root.rglob(pattern) if _is_for_users(path, root))
        if len(found) == 1:
            return found[0]
        if found:
            several = ', '.join(path.relative_to(root).as_posix() for path in found)
            raise UserError(f'config {name} may be each of {several}: give the path')
    raise _unknown(name, wanted, root)


def _below_configs(name: str) -> str:
    """The part of a name that says where the config lies below configs/."""
    return name.removeprefix(PREFIX).removeprefix('configs/')


def _is_for_users(path: Path, root: Path) -> bool:
    """Whether a config is a whole one, and no part that others inherit."""
    return '_base_' not in path.relative_to(root).parts


def _unknown(name: str | Path, wanted: str, root: Path) -> UserError:
    """With the names that may have been meant."""
    plain = no_file(f'config {name}', name)
    names = {path.relative_to(root).with_suffix('').as_posix(): path for path in root.rglob('*.py')
             if _is_for_users(path, root)}
    stems = {path.stem: known for known, path in names.items()}
    near = difflib.get_close_matches(wanted.removesuffix('.py'), names, n=2, cutoff=0.7)
    near = near or [stems[stem] for stem in difflib.get_close_matches(Path(wanted).stem, stems, n=2, cutoff=0.7)]
    return UserError(f'{plain}; did you mean {" or ".join(near)}?') if near else plain


def register_package() -> None:
    """Let configs inherit from this project by name, ``mminspect::fdrd/...``, and mmengine's hub find them.

    mmengine has a fixed list of packages, and would give the entries of such a base the scope ``mminspect``, which no
    registry has: the components of this project are in the scopes of its methods.
    """
    from mmengine.config import Config
    from mmengine.config.utils import MODULE2PACKAGE
    MODULE2PACKAGE['mminspect'] = 'mminspect'
    original = Config._get_cfg_path
    if getattr(original, 'knows_mminspect', False):
        return

    def get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        """mmengine's, for all but the configs of this project."""
        if cfg_path.startswith(PREFIX):
            return str(find_config(cfg_path)), None
        return original(cfg_path, filename)

    get_cfg_path.knows_mminspect = True
    Config._get_cfg_path = staticmethod(get_cfg_path)
