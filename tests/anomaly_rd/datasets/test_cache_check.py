import pytest
from mmcv.transforms import RandomFlip

import anomaly_rd  # noqa: F401 (registers the check)
from anomaly_rd.datasets.cache_check import check_cache
from anomaly_rd.datasets.transforms import CutPaste, PackAnomalyInputs
from mminspect import runtime
from mminspect.core.errors import UserError

LOAD, PACK = dict(type='LoadInspectionImage'), dict(type='PackAnomalyInputs')
CACHING = dict(type='ReverseDistillation', cache_features=True)


def dataset(*steps: object, **more: object) -> dict:
    return dict(type='MVTecDataset', pipeline=[LOAD, *steps, PACK], **more)


@pytest.mark.parametrize(('step', 'name'), [
    (dict(type='RotateTexture'), 'RotateTexture'), (dict(type='anomaly_rd.CutPaste'), 'CutPaste'),
    (dict(type=RandomFlip, prob=0.5), 'RandomFlip'), (CutPaste(), 'CutPaste')])
def test_augmentation_and_kept_features_exclude_each_other(step: object, name: str) -> None:
    for data in (dataset(step), dict(type='RepeatDataset', times=2, dataset=dataset(step, split='train'))):
        with pytest.raises(UserError, match=rf'cache_features .* has {name}, .* set model\.cache_features=False'):
            check_cache(CACHING, data)


@pytest.mark.parametrize('data', [
    dataset(dict(type='ResizeInspection', size=64)), dataset(PackAnomalyInputs()), dict(type='CocoDataset'),
    dataset(dict(type='NoSuchStep')), dataset(dict(type='CutPaste'), split='test')])
def test_nothing_to_say(data: dict) -> None:
    check_cache(CACHING, data)
    check_cache(dict(CACHING, cache_features=False), dataset(dict(type='CutPaste')))


def test_the_check_is_one_of_every_run() -> None:
    assert check_cache in runtime.CHECKS.of('model')


def test_neither_true_nor_false() -> None:
    with pytest.raises(UserError, match="cache_features is 'perhaps': give True or False"):
        check_cache(dict(cache_features='perhaps'), dataset())
