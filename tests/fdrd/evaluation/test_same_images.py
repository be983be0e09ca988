"""A metric and a data loader that read two files, and whether their ids mean the same images."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from mmengine.config import Config

import helpers
from fdrd.evaluation.same_images import check_same_images
from mminspect import runtime
from mminspect.core.errors import UserError


@pytest.fixture
def files(tmp_path: Path) -> tuple[dict, Path, dict]:
    """A data set, its annotation file, and what that holds."""
    path = helpers.write_coco(tmp_path)
    dataset = dict(type='CocoDataset', ann_file=str(path), metainfo=dict(classes=('a', 'b')), test_mode=True,
                   data_prefix=dict(img=str(tmp_path / 'images')), pipeline=[dict(type='LoadInspectionImage')])
    return dataset, path, json.loads(path.read_text())


def check(dataset: dict, path: Path, kind: str = 'InspectionCocoMetric') -> None:
    check_same_images(dict(type=kind, ann_file=str(path)), dataset, 'val_evaluator')


def write(path: Path, data: dict, names: list[str]) -> Path:
    images = [dict(image, file_name=name) for image, name in zip(data['images'], names, strict=True)]
    path.write_text(json.dumps(dict(data, images=images)))
    return path


def test_the_same_file_and_a_copy_are_the_same(files, tmp_path) -> None:
    dataset, path, data = files
    check(dataset, path)
    check(dataset, write(tmp_path / 'copy.json', data, [f"below/{image['file_name']}" for image in data['images']]))


@pytest.mark.parametrize('kind', ['InspectionCocoMetric', 'CocoMetric', 'mmdet.CocoMetric'])
def test_ids_that_mean_other_images(files, tmp_path, kind) -> None:
    dataset, _, data = files
    names = [image['file_name'] for image in data['images']]
    other = write(tmp_path / 'other.json', data, [*names[:-2], names[-1], names[-2]])
    first = data['images'][-2]
    with pytest.raises(UserError, match=rf"val_evaluator reads '{other}', where image {first['id']} is '{names[-1]}', "
                                        rf"but the data set has '{names[-2]}' under this id \(2 such images\)"):
        check(dataset, other, kind)


def test_what_cannot_differ_is_left_alone(files, tmp_path) -> None:
    dataset, _, data = files
    other = write(tmp_path / 'other.json', data, [image['file_name'] for image in data['images']][::-1])
    check_same_images(dict(type='InspectionCocoMetric'), dataset, 'val_evaluator')
    check_same_images(dict(type='VOCMetric', ann_file=str(other)), dataset, 'val_evaluator')
    check(dict(type='ConcatDataset', datasets=[dataset, dataset]), other)


@pytest.mark.parametrize('form', [lambda metric: metric, lambda metric: [metric],
                                  lambda metric: dict(type='Evaluator', metrics=[metric])])
def test_it_is_asked_before_a_run(files, tmp_path, form) -> None:
    dataset, _, data = files
    other = write(tmp_path / 'other.json', data, [image['file_name'] for image in data['images']][::-1])
    loader = dict(batch_size=1, num_workers=0, dataset=dataset)
    cfg = Config(dict(model=helpers.detector_cfg(), default_scope='mmdet', val_dataloader=loader,
                      val_evaluator=form(dict(type='InspectionCocoMetric', ann_file=str(other)))))
    with pytest.raises(UserError, match='val_evaluator reads'):
        runtime.check_data(cfg, ('val_dataloader', ))
