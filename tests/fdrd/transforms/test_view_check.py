import pytest

from fdrd.transforms.view_check import check_views
from mminspect.core.errors import UserError

DUAL, PLAIN = dict(data_preprocessor=dict(type='DualViewDetDataPreprocessor')), dict(
    data_preprocessor=dict(type='DetDataPreprocessor'))


def dataset(*names: str) -> dict:
    return dict(type='RepeatDataset', dataset=dict(pipeline=[dict(type=name) for name in names]))


@pytest.mark.parametrize(('model', 'names'), [
    (DUAL, ('RandomFlip', 'StudentNoise', 'PackDualViewInputs')),
    (PLAIN, ('RandomFlip', 'StudentNoise', 'PackDetInputs')),
    (PLAIN, ('StudentNoise', 'RandomFlip', 'PackDetInputs')),
    (PLAIN, ('RandomFlip', 'PackDualViewInputs')),
    (PLAIN, ()),
])
def test_sound_pipelines_pass(model: dict, names: tuple[str, ...]) -> None:
    check_views(model, dataset(*names))


def test_geometry_behind_the_noise_is_refused() -> None:
    with pytest.raises(UserError, match='has RandomFlip behind StudentNoise'):
        check_views(DUAL, dataset('StudentNoise', 'RandomFlip', 'PackDualViewInputs'))


def test_steps_with_a_scope_and_steps_that_are_built() -> None:
    steps = [dict(type='mmdet.StudentNoise'), len, dict(type='mmdet.PackDualViewInputs')]
    with pytest.raises(UserError, match='has builtin_function_or_method behind StudentNoise'):
        check_views(DUAL, dict(pipeline=steps))
    check_views(DUAL, dict(pipeline=[len, steps[0], steps[2]]))


def test_a_preprocessor_that_drops_the_clean_view_is_refused() -> None:
    with pytest.raises(UserError, match='set its type to DualViewDetDataPreprocessor'):
        check_views(PLAIN, dataset('StudentNoise', 'PackDualViewInputs'))
