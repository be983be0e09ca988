"""The registries of this package: children of mmengine's root, scope ``anomaly_rd``.

A component is found under its bare name where ``default_scope = 'anomaly_rd'`` and as ``'anomaly_rd.<Name>'`` anywhere.
"""
from mmengine import registry as root
from mmengine.registry import Registry


def _child(parent: Registry, folder: str) -> Registry:
    return Registry(parent.name, parent=parent, scope='anomaly_rd', locations=[f'anomaly_rd.{folder}'])


MODELS = _child(root.MODELS, 'models')
DATASETS = _child(root.DATASETS, 'datasets')
DATA_SAMPLERS = _child(root.DATA_SAMPLERS, 'datasets')
TRANSFORMS = _child(root.TRANSFORMS, 'datasets')
METRICS = _child(root.METRICS, 'evaluation')
HOOKS = _child(root.HOOKS, 'engine')
LOOPS = _child(root.LOOPS, 'engine')
VISUALIZERS = _child(root.VISUALIZERS, 'visualization')
INFERENCERS = _child(root.INFERENCERS, 'apis')
FUNCTIONS = _child(root.FUNCTIONS, 'datasets')

# Nothing of this package is in these; without them mmengine warns whenever it looks into its own from our scope.
for _parent in (root.EVALUATOR, root.LOG_PROCESSORS, root.MODEL_WRAPPERS, root.OPTIM_WRAPPERS,
                root.OPTIM_WRAPPER_CONSTRUCTORS, root.OPTIMIZERS, root.PARAM_SCHEDULERS, root.RUNNERS,
                root.RUNNER_CONSTRUCTORS, root.TASK_UTILS, root.VISBACKENDS, root.WEIGHT_INITIALIZERS):
    _child(_parent, 'engine')
