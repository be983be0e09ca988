"""The two views of a sample against the model that is to see them."""
from __future__ import annotations

from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import component_name, pipelines


@CHECKS.register('model')
def check_views(model: dict, dataset: dict) -> None:
    """Make sure that a clean view reaches the model and lies pixel by pixel under the noisy one.

    Args:
        model: ``model`` of a config.
        dataset: ``dataset`` of a dataloader; wrappers are looked into.

    Raises:
        UserError: A pipeline with PackDualViewInputs changes the image behind StudentNoise (a flip there moves one view
            only), or the model's data preprocessor would drop the clean view.
    """
    for pipeline in pipelines(dataset):
        _check_pipeline(model, pipeline)


def _check_pipeline(model: dict, pipeline: list) -> None:
    steps = list(map(component_name, pipeline))
    if 'PackDualViewInputs' not in steps or 'StudentNoise' not in steps:
        return
    between = steps[steps.index('StudentNoise') + 1:steps.index('PackDualViewInputs')]
    if between:
        raise UserError(f'the training pipeline has {", ".join(between)} behind StudentNoise, which would change the '
                        "student's view alone: put StudentNoise directly in front of PackDualViewInputs")
    preprocessor = (model.get('data_preprocessor') or {}).get('type')
    if preprocessor == 'DetDataPreprocessor':
        raise UserError('PackDualViewInputs makes two views, but model.data_preprocessor is a DetDataPreprocessor, '
                        "which drops the teacher's: set its type to DualViewDetDataPreprocessor")
