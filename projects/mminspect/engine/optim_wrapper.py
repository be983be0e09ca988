"""What a training's config says of its optimisers: bfloat16 on any device, one optimiser a part, none at all."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict, build_optim_wrapper
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS
from torch import nn

from mminspect.core.errors import UserError

from .model_wrapper import part_of, unwrap


@OPTIM_WRAPPERS.register_module()
class Bf16OptimWrapper(OptimWrapper):
    """Autocast to bfloat16 without loss scaling.

    mmengine's ``AmpOptimWrapper`` refuses to run without a GPU. bfloat16 has float32's exponent range, so gradients
    neither overflow nor vanish and no scaler is needed; parameters and optimiser state stay float32.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast around the forward pass, on the device type of the model's first parameter."""
        device_type = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device_type, dtype=torch.bfloat16):
            yield


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class PartsOptimWrapperConstructor:
    """One optimiser for each part of a model: an mmengine ``OptimWrapperDict``.

    The entries have the names of submodules, and steps are taken in their order::

        optim_wrapper = dict(
            constructor='PartsOptimWrapperConstructor',
            generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-4)),
            discriminator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4)))

    :meth:`mminspect.models.anomaly_model.AnomalyModel.train_step` asks the model for the losses of one part at a time.

    Args:
        optim_wrapper_cfg: Config of an optimiser wrapper by name of the part.
        paramwise_cfg: Must be None: each entry has its own.

    Raises:
        UserError: There is no part, one has no optimiser, or ``paramwise_cfg`` is given for all of them.
    """

    def __init__(self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None) -> None:
        self.parts = {name: value for name, value in optim_wrapper_cfg.items() if name != 'type'}
        if not self.parts or paramwise_cfg is not None:
            raise UserError('PartsOptimWrapperConstructor needs an entry with type and optimizer for each part of the '
                            'model, and paramwise_cfg inside of these: correct optim_wrapper')
        for name, part in self.parts.items():
            if not (isinstance(part, Mapping) and (isinstance(part.get('optimizer'), Mapping)
                                                   or 'constructor' in part)):
                raise UserError(f'the entry {name!r} of optim_wrapper is {part!r}: give a dict with type and optimizer')

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """The wrappers of a model's parts.

        Raises:
            UserError: The model has no such part.
        """
        parts = {name: part_of(unwrap(model), name) for name in self.parts}
        return OptimWrapperDict(**{name: build_optim_wrapper(part, dict(self.parts[name]))
                                   for name, part in parts.items()})


@OPTIM_WRAPPERS.register_module()
class NoOptimWrapper(OptimWrapper):
    """What stands in for an optimiser where nothing is optimised; it holds no parameter of any model."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(torch.optim.SGD([torch.zeros(1)], lr=0.0), **kwargs)

    def get_lr(self) -> dict[str, list[float]]:
        """No learning rate, so that none is logged."""
        return {}


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class NoOptimWrapperConstructor:
    """Makes a :class:`NoOptimWrapper` for any model.

    Args:
        optim_wrapper_cfg: Its config.
        paramwise_cfg: Has no effect.
    """

    def __init__(self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None) -> None:
        self.cfg = optim_wrapper_cfg

    def __call__(self, model: nn.Module) -> NoOptimWrapper:
        """The wrapper."""
        return OPTIM_WRAPPERS.build(dict(self.cfg))
