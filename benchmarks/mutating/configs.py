"""The data sections of configs: an entry is misspelt, missing or of another kind."""
from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .boxes import CLASSES, PICTURES, Scene, random_box, write_pictures
from .case import Answer, Kind, Mutant, Operators, Verdict
from .coco import document

CONFIGS = Operators()
RIGHT, WRONG, EITHER = Verdict.RIGHT, Verdict.WRONG, Verdict.EITHER
OTHERS: tuple[Any, ...] = (None, 3, -1, 0, 1.5, 'x', '', True, [], {}, [3], ['x'], {'a': 1}, [None], 10**20)
#: Entries without which there is no data set, or another one.
NEEDED = ('type', 'ann_file', 'metainfo', 'classes', 'dataset', 'pipeline', 'sampler', 'data_root')


class Draft:
    """``config`` is what the file will hold."""

    def __init__(self, chance: random.Random, folder: Path) -> None:
        self.folder, self.is_detector = folder, chance.random() < 0.6
        self.config = detector_config(folder) if self.is_detector else anomaly_config(folder)

    @property
    def loader(self) -> dict[str, Any]:
        """The section."""
        return self.config['train_dataloader']

    def entries(self) -> list[tuple[Any, Any, tuple]]:
        """Every (container, key, path) in the section."""
        return list(_entries(self.loader, ()))


def _entries(node: Any, path: tuple) -> Iterator[tuple[Any, Any, tuple]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in list(items):
        yield node, key, (*path, key)
        yield from _entries(child, (*path, key))


def detector_config(folder: Path) -> dict[str, Any]:
    """COCO, with the steps of the base config."""
    pipeline = [dict(type='LoadInspectionImage'), dict(type='LoadAnnotations', with_bbox=True),
                dict(type='Resize', scale=(64, 48), keep_ratio=True), dict(type='RandomFlip', prob=0.5),
                dict(type='PackDetInputs')]
    dataset = dict(type='CocoDataset', data_root=f'{folder}/', metainfo=dict(classes=list(CLASSES)),
                   ann_file='train.json', data_prefix=dict(img='images/'), filter_cfg=dict(filter_empty_gt=False),
                   pipeline=pipeline)
    return dict(custom_imports=dict(imports=['fdrd'], allow_failed_imports=False), default_scope='mmdet',
                model=dict(type='GFL', bbox_head=dict(type='GFLHead', num_classes=len(CLASSES))),
                train_dataloader=loader(dataset), train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=1))


def anomaly_config(folder: Path) -> dict[str, Any]:
    """A folder of good pictures."""
    pipeline = [dict(type='LoadInspectionImage'), dict(type='ResizeInspection', size=(32, 32)),
                dict(type='PackAnomalyInputs')]
    dataset = dict(type='FolderDataset', data_root=f'{folder}/good', split='train', cache=True, pipeline=pipeline)
    return dict(custom_imports=dict(imports=['anomaly_rd'], allow_failed_imports=False), default_scope='anomaly_rd',
                model=dict(type='ReverseDistillation'), train_dataloader=loader(dataset),
                train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=1))


def loader(dataset: dict[str, Any]) -> dict[str, Any]:
    sampler = dict(type='DefaultSampler', shuffle=True)
    return dict(batch_size=2, num_workers=0, persistent_workers=False, sampler=sampler, dataset=dataset)


class ConfigKind(Kind):
    """A config file, through the checks before a training, and its first batch."""

    name = 'configs'

    def prepare(self) -> None:
        """See :meth:`Kind.prepare`."""
        from mminspect.core.setup import setup
        setup()
        import anomaly_rd  # noqa: F401 (registers the components)
        import fdrd  # noqa: F401

    def make(self, chance: random.Random, folder: Path) -> Mutant:
        """See :meth:`Kind.make`."""
        import json
        write_pictures(folder / 'images')
        (folder / 'good').symlink_to('images')
        names = list(PICTURES)[:4]
        scene = Scene({name: [random_box(chance, PICTURES[name], kind) for kind in CLASSES] for name in names}, folder)
        (folder / 'train.json').write_text(json.dumps(document(scene)))
        draft = Draft(chance, folder)
        name = chance.choice(list(CONFIGS))
        verdict = CONFIGS.apply(name, chance, draft)
        lines = [f'{key} = {value!r}' for key, value in draft.config.items()]
        (folder / 'config.py').write_text('\n'.join(lines) + '\n', encoding='utf-8')
        return Mutant(name, verdict, 2 if verdict is RIGHT else None)

    def attempt(self, folder: Path) -> Answer:
        """Number of pictures of the first batch."""
        import logging

        from mmengine.logging import MMLogger
        from mmengine.registry import DefaultScope
        from mmengine.runner import Runner

        from mminspect import runtime
        said: list[str] = []
        handler = logging.Handler(logging.WARNING)
        handler.emit = lambda record: said.append(record.getMessage())
        logger = MMLogger.get_current_instance()
        logger.addHandler(handler)
        try:
            cfg = runtime.load_config(str(folder / 'config.py'))
            runtime.check_length(cfg)
            runtime.skip_missing_validation(cfg)
            runtime.check_data(cfg, ('train_dataloader', 'val_dataloader'))
            # mmengine warns of a scope that differs from an earlier input's: it would count as said about this one
            with runtime.explain_errors(cfg), DefaultScope.overwrite_default_scope(cfg.default_scope):
                batch = next(iter(Runner.build_dataloader(copy.deepcopy(cfg.train_dataloader), seed=0)))
        finally:
            logger.removeHandler(handler)
        return Answer(len(batch['inputs']), tuple(said))


@CONFIGS.add(RIGHT)
def unchanged(chance: random.Random, draft: Draft) -> None:
    """A control: what is right has to be read."""


@CONFIGS.add(WRONG)
def key_misspelt(chance: random.Random, draft: Draft) -> None:
    places = [(node, key) for node, key, _ in draft.entries() if isinstance(key, str)]
    node, key = chance.choice(places)
    place = chance.randrange(len(key))
    other = chance.choice([key[:place] + key[place + 1:], key[:place] + chance.choice('xq') + key[place + 1:],
                           key + 's', key.upper()])
    node[other or 'x'] = node.pop(key)


@CONFIGS.add(EITHER)
def key_missing(chance: random.Random, draft: Draft) -> None:
    node, key, _ = chance.choice(draft.entries())
    del node[key]
    if key in ('type', 'dataset', 'classes', 'metainfo') and draft.is_detector:
        return WRONG
    return None


@CONFIGS.add(EITHER)
def value_of_another_kind(chance: random.Random, draft: Draft) -> None:
    node, key, _ = chance.choice(draft.entries())
    node[key] = copy.deepcopy(chance.choice(OTHERS))
    if key == 'num_workers' and node[key] == 10**20:
        node[key] = 2  # not here
    if key in NEEDED and not (key == 'pipeline' and node[key] is None):
        return WRONG
    return None


@CONFIGS.add(WRONG)
def unknown_component(chance: random.Random, draft: Draft) -> None:
    nodes = [node for node, key, _ in draft.entries() if key == 'type']
    chance.choice(nodes)['type'] = chance.choice(['Unknown', 'CocoDatset', 'mmdet.X', 'a.b.c', 'torch.Tensor', 'mmdet',
                                                  'os.system', '.', 'x y'])


@CONFIGS.add(EITHER)
def component_of_another_place(chance: random.Random, draft: Draft) -> None:
    nodes = [node for node, key, _ in draft.entries() if key == 'type']
    chance.choice(nodes)['type'] = chance.choice(nodes)['type']


@CONFIGS.add(WRONG)
def numbers_of_the_loader(chance: random.Random, draft: Draft) -> None:
    key = chance.choice(['batch_size', 'num_workers'])
    draft.loader[key] = chance.choice([-1, 1.5, 'x', True, [2], '2', *([0] if key == 'batch_size' else [])])


@CONFIGS.add(WRONG)
def place_that_is_not_there(chance: random.Random, draft: Draft) -> None:
    key = chance.choice(['data_root', 'ann_file', 'data_prefix'] if draft.is_detector else ['data_root'])
    place = chance.choice(['/gone/', 'gone/', 'x' * 3000, 'a\0b', 'images/6.jpeg', '~/x', 'http://localhost:1/x'])
    draft.loader['dataset'][key] = dict(img=place) if key == 'data_prefix' else place
    return EITHER if '://' in place else None


@CONFIGS.add(EITHER)
def steps_of_the_pipeline(chance: random.Random, draft: Draft) -> None:
    steps = draft.loader['dataset']['pipeline']
    change = chance.randrange(4)
    if change == 0:
        del steps[chance.randrange(len(steps))]
    elif change == 1:
        chance.shuffle(steps)
    elif change == 2:
        steps.append(copy.deepcopy(chance.choice(steps)))
    else:
        steps.insert(chance.randrange(len(steps)), chance.choice([None, 'x', 3, [], {}, 'LoadInspectionImage']))


@CONFIGS.add(RIGHT)
def in_wrappers(chance: random.Random, draft: Draft) -> None:
    inner = draft.loader['dataset']
    draft.loader['dataset'] = chance.choice([dict(type='RepeatDataset', times=2, dataset=inner),
                                             dict(type='ConcatDataset', datasets=[inner])])


@CONFIGS.add(WRONG)
def wrappers_that_are_none(chance: random.Random, draft: Draft) -> None:
    inner = draft.loader['dataset']
    draft.loader['dataset'] = chance.choice([
        dict(type='RepeatDataset', dataset=inner), dict(type='ConcatDataset', datasets=[]), dict(type='ConcatDataset'),
        dict(type='ConcatDataset', datasets=inner), dict(type='RepeatDataset', times='x', dataset=inner),
        dict(type='RepeatDataset', times=-1, dataset=inner), dict(type='RepeatDataset', times=2, dataset=None),
        dict(type='ConcatDataset', datasets=[inner, None])])
