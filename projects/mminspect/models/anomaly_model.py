"""The contract of an anomaly model: the few things that every part of the project asks of one, and nothing else.

Training, test, calibration, pictures, inspection, export, complexity and speed know an anomaly model by this class
alone. A method is a subclass with :meth:`AnomalyModel.score_maps` and either :meth:`AnomalyModel.loss` (trained by
gradients) or :meth:`AnomalyModel.collect` and :meth:`AnomalyModel.finish_fit` (fitted once, by
:class:`~mminspect.engine.FitOnceLoop`); docs/add_a_method.md has a whole one.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor, nn

from mminspect.core.errors import UserError
from mminspect.decisions import Calibration
from mminspect.engine.model_wrapper import part_of

from .anomaly_data_sample import AnomalyDataSample
from .precision import losses_in_float32
from .views import IMAGE, VIEW, refuse_undeclared

#: Keys of :attr:`AnomalyModel.limits`: what a model may be unable to do.
EXPORT, EXPORT_MAP, TRAINING_SCORES, DISTRIBUTED = 'export', 'export of the map', 'training scores', 'distributed'


class Maps(NamedTuple):
    """What a model says about a batch of images, larger is more anomalous. Pure tensors, which an export traces.

    Attributes:
        score: (N,), of the images.
        anomaly_map: (N, H, W) at the size of the input, on the method's own scale; None: the method has none.
        levels: The method's maps before they are fused, (N, h_k, w_k) each; empty where it has none.
    """

    score: Tensor
    anomaly_map: Tensor | None = None
    levels: tuple[Tensor, ...] = ()


class AnomalyModel(BaseModel):
    """Base class of anomaly models.

    The data preprocessor holds ``mean`` and ``std`` (3, 1, 1): an exported model normalises as (x - mean) / std.

    Attributes:
        map_options: Names of constructor arguments that maps and scores depend on besides the weights: a threshold
            belongs to their values.
        views: Names of further views of a training image that :meth:`loss` takes: ``('noisy',)`` for ``inputs_noisy``.
        calibration: Threshold and colour scales of the checkpoint that was loaded last; None without.
    """

    map_options: ClassVar[tuple[str, ...]] = ()
    views: ClassVar[tuple[str, ...]] = ()
    calibration: Calibration | None = None

    def score_maps(self, inputs: Tensor) -> Maps:
        """Scores and maps of normalised images (N, 3, H, W); does not depend on the other images of the batch."""
        raise NotImplementedError(f'{type(self).__name__} is no anomaly model yet: give it a method score_maps')

    def score(self, inputs: Tensor) -> Tensor:
        """The scores (N,) alone, by operators that can be exported where those of the map cannot."""
        return self.score_maps(inputs).score

    def loss(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None,
             **views: Tensor) -> dict[str, Tensor]:
        """Named losses of a training batch; inside of autocast, submodules that are losses (classes named ``...Loss``)
        are given float32 and compute in it.

        Args:
            inputs: (N, 3, H, W), normalised.
            data_samples: One per image.
            **views: The declared :attr:`views`, ``inputs_<name>``, each like ``inputs``. A model with several
                optimisers is also told the ``part`` whose losses are wanted.

        Raises:
            UserError: The model does not train by gradients.
        """
        raise UserError(f'{type(self).__name__} is fitted once and has no loss: set train_cfg = dict(_delete_=True, '
                        "type='FitOnceLoop') in the config")

    def collect(self, inputs: Tensor, data_samples: list[AnomalyDataSample]) -> None:
        """Take what is needed of a training batch (N, 3, H, W), in eval mode and without gradients.

        Raises:
            UserError: The model is trained by gradients.
        """
        raise UserError(f'{type(self).__name__} is trained by gradients and cannot be fitted once: set train_cfg.type '
                        'to EpochBasedTrainLoop in the config')

    def finish_fit(self) -> None:
        """Make of what was collected what is kept; called once, behind the last batch."""

    @property
    def limits(self) -> Mapping[str, str]:
        """What the model cannot do, with the reason in words that continue 'the model cannot, because ...'.

        Keys: :data:`EXPORT`, no file can compute it; :data:`EXPORT_MAP`, a file gives the score alone;
        :data:`TRAINING_SCORES`, scores of its own training images say nothing about those of others;
        :data:`DISTRIBUTED`, it does not train in several processes. By default a model that is fitted once has the
        third: it has kept its training images, more or less, and finds them too normal.
        """
        if type(self).collect is AnomalyModel.collect:
            return {}
        return {TRAINING_SCORES: 'it keeps what it has seen of its training images, which it then scores too low'}

    def outside_modules(self) -> dict[str, nn.Module]:
        """Modules by name that predictions need and that are no submodules, so that no optimiser and no checkpoint
        meets them: a frozen teacher."""
        return {}

    def inference_weights(self) -> dict[str, Tensor]:
        """Everything by name that predictions depend on, also what checkpoints leave out."""
        weights = dict(self.state_dict())
        for name, module in self.outside_modules().items():
            weights.update({f'{name}.{key}': value for key, value in module.state_dict().items()})
        return weights

    def inference_parameters(self) -> list[nn.Parameter]:
        """The parameters that a prediction needs; without gradients where they are frozen."""
        saved = self.state_dict().keys()
        own = [parameter for name, parameter in self.named_parameters() if name in saved]
        return own + [parameter for module in self.outside_modules().values() for parameter in module.parameters()]

    def teacher_sha256(self) -> str | None:
        """Identity of the weights of a teacher that is not in the model's checkpoints; None: there is no such one."""
        return None

    def forward(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None,
                mode: Literal['tensor', 'loss', 'predict'] = 'tensor', part: str | None = None,
                **views: Tensor) -> Any:
        """mmengine's modes.

        Args:
            inputs: (N, 3, H, W), normalised.
            data_samples: One per image.
            mode: ``'loss'``, ``'predict'`` or ``'tensor'``.
            part: Of a model with several optimisers, whose losses are wanted.
            **views: ``inputs_<name>`` each, for ``'loss'``.

        Returns:
            ``'loss'``: named losses. ``'predict'``: the data samples with ``pred_score``, and ``anomaly_map`` and
            ``level_maps`` where the method has them. ``'tensor'``: see :meth:`features`.

        Raises:
            UserError: There is a view that the model does not declare, or one that it declares is missing.
        """
        self._check_views(views, mode)
        if mode == 'loss':
            with losses_in_float32(self):
                return self.loss(inputs, data_samples, **views, **({} if part is None else dict(part=part)))
        if mode == 'predict':
            return add_predictions(data_samples, self.score_maps(inputs))
        return self.features(inputs)

    def features(self, inputs: Tensor) -> Any:
        """What the network computes, whose cost is counted; by default :meth:`score_maps`."""
        return self.score_maps(inputs)

    def train_step(self, data: dict[str, Any], optim_wrapper: OptimWrapper | OptimWrapperDict) -> dict[str, Tensor]:
        """One step of mmengine's; with an ``OptimWrapperDict`` one of every part, in its order.

        Each entry of the ``OptimWrapperDict`` has the name of a submodule, the part that it trains. While the losses of
        a part are computed, nothing else has gradients.

        Returns:
            Losses by name; with several parts ``<part>.<name>`` and ``loss``, the sum of all.
        """
        if not isinstance(optim_wrapper, OptimWrapperDict):
            return super().train_step(data, optim_wrapper)
        batch, named = self.data_preprocessor(data, True), {}
        for part, wrapper in optim_wrapper.items():
            with training_only(self, part), wrapper.optim_context(self):
                total, found = self.parse_losses(self(**batch, mode='loss', part=part))
                wrapper.update_params(total)
            named.update({f'{part}.{name}': value for name, value in found.items()})
        return dict(named, loss=sum(named[f'{part}.loss'] for part in optim_wrapper.keys()))

    def _check_views(self, views: Mapping[str, Tensor], mode: str) -> None:
        refuse_undeclared(type(self).__name__, self.views, views)
        missing = [name for name in self.views if views.get(VIEW + name) is None]
        if mode == 'loss' and missing:
            raise UserError(f'{type(self).__name__} trains on the view {VIEW}{missing[0]}, which the pipeline does not '
                            f'make: add a transform that sets {IMAGE}{missing[0]} before PackAnomalyInputs in '
                            'train_dataloader.dataset.pipeline')


def add_predictions(data_samples: list[AnomalyDataSample] | None, maps: Maps) -> list[AnomalyDataSample]:
    """Put what was predicted for a batch into its samples, new ones if there are none: ``pred_score`` () and, where the
    method has them, ``anomaly_map`` (H, W) and the list ``level_maps`` of (h_k, w_k), all in float32."""
    samples = [AnomalyDataSample() for _ in maps.score] if data_samples is None else data_samples
    for row, sample in enumerate(samples):
        sample.pred_score = maps.score[row].float()
        if maps.anomaly_map is not None:
            sample.anomaly_map = maps.anomaly_map[row].float()
        if maps.levels:
            sample.level_maps = [level[row].float() for level in maps.levels]
    return samples


@contextmanager
def training_only(model: nn.Module, part: str) -> Iterator[None]:
    """In the block, no parameter outside the submodule ``part`` has gradients.

    Raises:
        UserError: The model has no such submodule.
    """
    part_of(model, part)
    others = [parameter for name, parameter in model.named_parameters()
              if parameter.requires_grad and not name.startswith(f'{part}.')]
    for parameter in others:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad_(True)


class DataShapedBuffers(nn.Module):
    """A module with buffers whose size the data gives: memory banks, statistics of positions.

    They begin empty, and take the sizes of a checkpoint that is loaded. A subclass whose buffers belong together checks
    them in :meth:`check_loaded`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._data_shaped: list[str] = []

    def register_data_buffer(self, name: str, dtype: torch.dtype = torch.float32) -> None:
        """Add an empty buffer (0,) that is saved and loaded at whatever size it has then."""
        self.register_buffer(name, torch.empty(0, dtype=dtype))
        self._data_shaped.append(name)

    def check_loaded(self, shapes: Mapping[str, tuple[int, ...]]) -> str | None:
        """What is wrong with the sizes of loaded buffers, in words; None where nothing is.

        Args:
            shapes: Of the buffers that the checkpoint holds, by name.
        """

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        found = {name: state_dict[prefix + name] for name in self._data_shaped if prefix + name in state_dict}
        if problem := self.check_loaded({name: tuple(value.shape) for name, value in found.items()}):
            error_messages: list[str] = args[-1]
            error_messages.append(f'{prefix.rstrip(".") or type(self).__name__}: {problem}')
            return
        for name, value in found.items():
            own = getattr(self, name)
            setattr(self, name, own.new_empty(value.shape))
        super()._load_from_state_dict(state_dict, prefix, *args)
