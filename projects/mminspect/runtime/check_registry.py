"""The one place where methods add to what a run does before it starts: checks by stage, options, folders."""
from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, TypeVar

Function = TypeVar('Function', bound=Callable[..., Any])

#: What can be registered, and how it is called. A check raises ``UserError`` for a mistake.
STAGES = MappingProxyType({
    'data': 'check of one data set: ``dataset`` dict -> warnings for the log',
    'model': 'check that a model fits its data: ``model`` dict, ``dataset`` dict -> None',
    'metric': 'check that a metric measures what a data loader gives: config of the metric, ``dataset`` dict, name of '
              'the evaluator -> None',
    'values': 'names what a metric gives: config of the metric -> names with their prefix, or None where nobody knows',
    'loader': 'check of what a data loader names, before anything else reads it: config, name of the data loader, its '
              'dict -> warnings for the log',
    'sample': 'look at what a data loader gives, when all else is right: config, name of the data loader, its dict -> '
              'None',
    'split': "check of the training's data set against another one: both ``dataset`` dicts, name of the second one's "
             'data loader -> warnings for the log, or None',
    'survey': 'lists the images of a data set for ``mminspect check``: ``dataset`` dict -> one '
              '``mminspect.survey.Listing`` for each data set in it, none for those of other packages',
    'absence': 'tells test images that nobody has from those in which something is wrong: ``dataset`` dict -> the '
               'place where there is nothing, or None',
    'holdout': 'finds the images that a training keeps back for its threshold: config -> config of a data loader over '
               'them, or None',
    'length': 'check that a training is long enough for what its config asks for: config -> None',
    'option': 'sets the several entries of a config that one option of its name stands for: config, value -> None',
    'work_dir': 'gives the default work directory one more folder: config -> its name, or None',
})


class CheckRegistry:
    """Functions by stage, in the order in which they were registered.

    A package registers where it defines::

        @CHECKS.register('data')
        def check_labels(dataset: dict) -> list[str]: ...

    A module that is imported a second time (reloaded, or run under its name again) takes the place of the first.
    """

    def __init__(self) -> None:
        self._functions: dict[str, dict[str, Callable[..., Any]]] = {stage: {} for stage in STAGES}

    def register(self, stage: str, name: str | None = None) -> Callable[[Function], Function]:
        """Decorator that adds a function to a stage and returns it as it is.

        Args:
            stage: One of :data:`STAGES`.
            name: Name of the option for the stage 'option'; for others the function's own, with its module.

        Raises:
            ValueError: The stage is unknown, an option or a lambda comes without a name, or a function that is defined
                elsewhere has the name.
        """
        functions = self._stage(stage)

        def add(function: Function) -> Function:
            key = name or _origin(function)
            if name is None and (stage == 'option' or function.__name__ == '<lambda>'):
                raise ValueError(f'{key} needs a name: CHECKS.register({stage!r}, name=...)')
            if key in functions and _origin(functions[key]) != _origin(function):
                raise ValueError(f'{key!r} of the stage {stage!r} is taken by {_origin(functions[key])}: '
                                 f'{_origin(function)} needs another name')
            functions[key] = function
            return function

        return add

    def of(self, stage: str) -> tuple[Callable[..., Any], ...]:
        """All functions of a stage; ValueError for one that is unknown."""
        return tuple(self._stage(stage).values())

    def options(self) -> dict[str, Callable[..., None]]:
        """The functions of the stage 'option' by the name of their option."""
        return dict(self._stage('option'))

    def _stage(self, stage: str) -> dict[str, Callable[..., Any]]:
        if stage not in self._functions:
            raise ValueError(f'there is no stage {stage!r}; choose from {", ".join(STAGES)}')
        return self._functions[stage]


def _origin(function: Callable[..., Any]) -> str:
    return f'{function.__module__}.{function.__qualname__}'


#: What :func:`mminspect.runtime.check_data` and its like ask; fdrd, anomaly_rd and packages of others register here.
CHECKS = CheckRegistry()
