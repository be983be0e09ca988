"""What is wrong or odd, one sentence each; first of all what the checks before a training say."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mmengine.config import Config

from mminspect.core.errors import UserError
from mminspect.runtime import check_dataloader, dataloaders, missing_place, same_data, split_warnings
from mminspect.runtime.data_sections import PARTS

#: Entry of a config that says that there are no test images, and that this is meant.
UNTESTED = 'no_test_images'
ERROR, WARNING = 'error', 'warning'


@dataclass(frozen=True)
class Finding:
    """A sentence: whether it ends a training ('error') or not ('warning'), where it was found, and what it says.

    ``compares`` is True of warnings about images that two splits share.
    """

    level: str
    place: str
    text: str
    compares: bool = field(default=False, compare=False)


def check_findings(cfg: Config) -> list[Finding]:
    """The warnings and errors of the checks of all dataloaders; those of one do not hide those of another."""
    loaders = dataloaders(cfg, PARTS)
    found = [finding for part, loader in loaders.items() for finding in _of_loader(cfg, part, loader)]
    merged: dict[tuple[str, str, bool], list[str]] = {}
    for finding in [*found, *_of_splits(cfg, loaders)]:  # a test that is the validation says the same
        merged.setdefault((finding.level, finding.text, finding.compares), []).append(finding.place)
    return [Finding(level, ', '.join(dict.fromkeys(places)), text, compares)
            for (level, text, compares), places in merged.items()]


def _of_loader(cfg: Config, part: str, dataloader: dict) -> Iterator[Finding]:
    try:
        if place := missing_place(cfg, part, dataloader):
            if cfg.get(UNTESTED):
                return
            yield Finding(WARNING, part, f"there are no test images ('{place}' does not exist): how well defects are "
                                         'found cannot be measured')
            return
        for text in check_dataloader(cfg, part, dataloader):
            yield Finding(WARNING, part, text)
    except UserError as error:
        yield Finding(ERROR, part, ' '.join(str(error).split()))


def _of_splits(cfg: Config, loaders: dict[str, dict]) -> Iterator[Finding]:
    others = dict(loaders)
    train = others.pop('train_dataloader', None)
    for parts in same_data(others) if train is not None else ():
        try:
            for text in split_warnings(cfg, train, others[parts[0]], parts[0]):
                yield Finding(WARNING, ', '.join(parts), text, compares=True)
        except UserError as error:
            yield Finding(ERROR, ', '.join(parts), ' '.join(str(error).split()))
