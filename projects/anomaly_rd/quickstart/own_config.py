"""The config of a user who has pictures and no config: written for them, to be read and changed."""
from __future__ import annotations

import math
import re
from pathlib import Path

from mmengine.logging import print_log

from anomaly_rd.datasets import FolderDataset
from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing

#: The method and the teacher, below configs/.
BASE = 'anomaly_rd/quickstart/rd4ad_efficientnet-lite0_folder.py'
#: Share of the good pictures that the training does not see, for the threshold.
HOLDOUT = 0.2
#: Steps of optimisation, whatever the number of pictures, and the pictures of one step.
STEPS, BATCH = 200, 16
#: Fewer good pictures say nothing about what good parts look like, nor about how often one is rejected.
FEWEST = 10
#: Names of folders that say nothing about the part.
PLAIN_NAMES = ('good', 'train', 'normal', 'images')
TEMPLATE = """# Written for the good pictures in {folder}.
# Change it as you like: what is here goes before what its base says.
_base_ = 'mminspect::{base}'
data = dict(data_root={root!r}, holdout={holdout})  # this share is kept for the threshold

train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = val_dataloader
train_cfg = dict(max_epochs={epochs}, val_interval={epochs})  # {steps} steps of {batch} pictures
"""


def name_of(folder: Path) -> str:
    """What to call the part: the first name of the path, from its end, that is not one of :data:`PLAIN_NAMES`."""
    parts = [part for part in folder.resolve().parts if part.lower() not in PLAIN_NAMES]
    return re.sub(r'[^\w-]+', '_', parts[-1]).strip('_') or 'part' if parts else 'part'


def good_pictures(folder: Path) -> tuple[Path, int]:
    """The data root of a folder and how many good pictures for training it has.

    Args:
        folder: Of pictures; or in one of the layouts of :class:`~anomaly_rd.datasets.FolderDataset`.

    Raises:
        UserError: There is no such folder, it holds no pictures, or fewer than :data:`FEWEST`.
    """
    images = FolderDataset(str(folder), lazy_init=True).images()
    if len(images) < FEWEST:
        raise UserError(f"'{folder}' holds {len(images)} good pictures, which is too few to learn what good parts look "
                        f'like: give at least {FEWEST}, better 50 to 500')
    return folder.resolve(), len(images)


def write_config(folder: str | Path, work_dir: str | Path | None = None) -> Path:
    """Write ``<work_dir>/config/<name>.py`` for a folder of good pictures; one that is there is left as it is.

    It is in a folder of its own because a training writes the whole config, bases included, to
    ``<work_dir>/<name>.py``.

    Args:
        folder: See :func:`good_pictures`.
        work_dir: Folder of the run; by default ``work_dirs/<name>``.

    Raises:
        UserError: As :func:`good_pictures`, or the config that is there is of another folder.
    """
    root, count = good_pictures(Path(folder))
    name = name_of(root)
    path = Path(work_dir or Path('work_dirs', name), 'config', f'{name}.py')
    steps_of_an_epoch = math.ceil(count * (1 - HOLDOUT) / BATCH)
    text = TEMPLATE.format(folder=folder, base=BASE, root=str(root), holdout=HOLDOUT, steps=STEPS, batch=BATCH,
                           epochs=math.ceil(STEPS / steps_of_an_epoch))
    if path.is_file():
        if repr(str(root)) not in path.read_text(encoding='utf-8'):
            raise UserError(f'{path} is there already and is not of {root}: give another folder for the results, or '
                            'remove that one')
        if path.read_text(encoding='utf-8') != text:
            print_log(f'{path} is there already and is used as it is', logger='current')
        return path
    with replacing(path) as handle:
        handle.write(text.encode())
    return path
