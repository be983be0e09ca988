"""Names of categories: one model is trained for each."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from mminspect.core.config_entries import file_of
from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import leaves
from mminspect.vision.folders import list_folders

from .layouts import SPLIT_CSV, require_folder, visa_rows


def find_categories(data_root: str | Path) -> list[str]:
    """Folders of ``data_root`` that hold a ``train`` folder, or those that VisA's table names, sorted.

    Raises:
        UserError: ``data_root`` is missing or has none, VisA's table is damaged, or two have one name but for upper and
            lower case.
    """
    root = Path(data_root)
    require_folder(root)
    folders = list_folders(root)
    if (root / SPLIT_CSV).is_file():
        known = {row['object'] for row in visa_rows(root)}
        names = [path.name for path in folders if path.name in known]
    else:
        names = [path.name for path in folders if (path / 'train').is_dir()]
    if not names:
        raise UserError(f"'{data_root}' has no category: a folder <category>/train/good is expected in it")
    check_categories(names)
    return names


def check_categories(names: Sequence[str]) -> None:
    """Raise UserError if two categories have one name, upper and lower case being the same: so would their results."""
    seen: dict[str, str] = {}
    for name in names:
        if name.casefold() in seen:
            raise UserError(f'two categories have one name, {seen[name.casefold()]!r} and {name!r}, so that results of '
                            'one would replace those of the other: name each category once')
        seen[name.casefold()] = name


@CHECKS.register('option', name='category')
def set_category(cfg: Config, category: str) -> None:
    """Change the category in every data set of a config whose data sets have one.

    Raises:
        UserError: None of them has.
    """
    changed = [_set(cfg[part].dataset, category) for part in ('train_dataloader', 'val_dataloader', 'test_dataloader')
               if cfg.get(part)]
    if not any(changed):
        raise UserError(f'{file_of(cfg)} has no data set with categories: leave the category out')


@CHECKS.register('work_dir')
def category_of(cfg: Config) -> str | None:
    """The category that a config trains; None where its data sets have none or several."""
    loader = cfg.get('train_dataloader') or cfg.get('test_dataloader') or {}
    names = [dataset.get('category') for dataset in leaves(loader.get('dataset') or {})]
    one = names and isinstance(names[0], str) and all(name == names[0] for name in names)  # other kinds are told later
    return names[0] if one else None


def _set(dataset: dict, category: str) -> bool:
    found = [leaf for leaf in leaves(dataset) if 'category' in leaf]
    for leaf in found:
        leaf['category'] = category
    return bool(found)
