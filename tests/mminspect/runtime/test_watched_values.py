"""Names of values that a training goes by, against those that the metrics of the validation give."""
from __future__ import annotations

import pytest
from mmengine.config import Config

from mminspect.core.errors import UserError
from mminspect.runtime import CheckRegistry, watched_values
from mminspect.runtime.watched_values import check_watched

METRICS = [dict(type='A'), dict(type='B')]
GIVEN = dict(A=['coco/bbox_mAP', 'coco/bbox_mAP_50'], B=['auc'])


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gives two values, B gives one, and nobody knows what others give."""
    known = CheckRegistry()
    known.register('values', 'own')(lambda metric: GIVEN.get(metric['type']))
    monkeypatch.setattr(watched_values, 'CHECKS', known)


def config(name: object, form: str) -> Config:
    hook = dict(type='CheckpointHook', save_best=name)
    return Config({'hook': dict(default_hooks=dict(logger=None, checkpoint=hook)),
                   'early': dict(custom_hooks=[dict(type='A'), dict(type='EarlyStoppingHook', monitor=name)]),
                   'list': dict(param_scheduler=[dict(type='X'), dict(type='ReduceOnPlateauLR', monitor=name)]),
                   'one': dict(param_scheduler=dict(type='ReduceOnPlateauLR', monitor=name))}[form])


PLACES = dict(hook='default_hooks.checkpoint.save_best', early='custom_hooks.1.monitor',
              list='param_scheduler.1.monitor', one='param_scheduler.monitor')


@pytest.mark.parametrize('form', PLACES)
def test_a_value_that_nothing_gives(form: str) -> None:
    with pytest.raises(UserError, match=rf"^{PLACES[form]} of the config is 'coco/bbox_mAP_5O', which no metric of "
                                        r'val_evaluator gives; did you mean coco/bbox_mAP_50'):
        check_watched(config('coco/bbox_mAP_5O', form), METRICS)
    with pytest.raises(UserError, match=r'give one of coco/bbox_mAP, coco/bbox_mAP_50, auc$'):
        check_watched(config('loss', form), METRICS)
    check_watched(config('coco/bbox_mAP_5O', form), [*METRICS, dict(type='C')])  # which may give it
    check_watched(config('coco/bbox_mAP_5O', form), [])


@pytest.mark.parametrize('name', ['coco/bbox_mAP', 'auc', 'auto', None, ['auc', 'coco/bbox_mAP_50']])
@pytest.mark.parametrize('form', PLACES)
def test_values_that_are_given(name: object, form: str) -> None:
    check_watched(config(name, form), METRICS)


def test_one_of_several() -> None:
    with pytest.raises(UserError, match=r"is 'auk'.* did you mean auc"):
        check_watched(config(['auc', 'auk'], 'hook'), METRICS)
