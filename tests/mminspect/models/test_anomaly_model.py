"""The contract of an anomaly model, on models of a few lines."""
from __future__ import annotations

from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor, nn

from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import AnomalyModel, DataShapedBuffers, Maps, add_predictions, training_only


class Score(AnomalyModel):
    """Judges whole images; trains on two further views."""

    views = ('noisy', 'grey')

    def score_maps(self, inputs: Tensor) -> Maps:
        return Maps(inputs.mean((1, 2, 3)))

    def loss(self, inputs: Tensor, data_samples: Any = None, **views: Tensor) -> dict[str, Tensor]:
        return {f'loss_{name}': (view - inputs).mean() for name, view in views.items()}


class Parts(AnomalyModel):
    """Two parts that pull in opposite directions: their losses share both weights."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)

    def loss(self, inputs: Tensor, data_samples: Any = None, part: str | None = None) -> dict[str, Tensor]:
        product = self.second(self.first(inputs)).sum()
        return dict(loss_pull=product if part == 'first' else -product)


class DirectionLoss(nn.Module):
    """A loss as somebody else writes one; autocast on a CPU would leave it in half precision."""

    def forward(self, found: Tensor, wanted: Tensor) -> Tensor:
        return 1 - torch.cosine_similarity(found, wanted).mean()


class Direction(AnomalyModel):
    """With a loss that is a submodule."""

    def __init__(self) -> None:
        super().__init__()
        self.network, self.compare = nn.Linear(300, 300), DirectionLoss()
        self.given: list[Tensor] = []

    def loss(self, inputs: Tensor, data_samples: Any = None) -> dict[str, Tensor]:
        self.given = [self.network(inputs), self.network(-inputs)]
        return dict(loss_direction=self.compare(*self.given))


class Bank(DataShapedBuffers, AnomalyModel):
    """Keeps what it collects."""

    def __init__(self) -> None:
        super().__init__()
        self.register_data_buffer('bank')

    def collect(self, inputs: Tensor, data_samples: list[AnomalyDataSample]) -> None:
        self.bank = torch.cat([self.bank.view(-1, 3), inputs.mean((2, 3))])

    def check_loaded(self, shapes: dict[str, tuple[int, ...]]) -> str | None:
        return None if len(shapes.get('bank', (0, 3))) == 2 else 'the bank has no rows'


def test_predictions_go_into_the_samples_that_are_given_or_into_new_ones() -> None:
    maps = Maps(torch.rand(2), torch.rand(2, 8, 8), (torch.rand(2, 4, 4), torch.rand(2, 2, 2)))
    given = [AnomalyDataSample(metainfo=dict(sample_idx=i)) for i in range(2)]
    filled = add_predictions(given, maps)
    assert filled is given and [sample.sample_idx for sample in filled] == [0, 1]
    for row, (old, new) in enumerate(zip(filled, add_predictions(None, maps), strict=True)):
        for sample in (old, new):
            assert torch.equal(sample.anomaly_map, maps.anomaly_map[row])
            assert torch.equal(sample.pred_score, maps.score[row])
            assert all(torch.equal(a, b[row]) for a, b in zip(sample.level_maps, maps.levels, strict=True))


def test_what_a_method_does_not_have_is_absent_from_its_samples() -> None:
    (sample,) = Score()(torch.full((1, 3, 4, 4), 0.25), [AnomalyDataSample()], mode='predict')
    assert float(sample.pred_score) == 0.25 and 'anomaly_map' not in sample and 'level_maps' not in sample


def test_predictions_are_float32_whatever_the_model_computes_in() -> None:
    half = [torch.ones(shape, dtype=torch.bfloat16) for shape in ((1,), (1, 2, 2))]
    maps = Maps(*half, (torch.ones(1, 1, 1).half(),))
    (sample,) = add_predictions(None, maps)
    assert {value.dtype for value in (sample.pred_score, sample.anomaly_map, *sample.level_maps)} == {torch.float32}


@pytest.mark.parametrize('autocast', [torch.bfloat16, torch.float16])
def test_submodules_that_are_losses_compute_in_float32_under_autocast(autocast: torch.dtype) -> None:
    model, inputs = Direction(), torch.randn(4, 300)
    with torch.autocast('cpu', autocast):
        loss = model(inputs, mode='loss')['loss_direction']
    assert [tensor.dtype for tensor in model.given] == [autocast] * 2 and loss.dtype == torch.float32
    leaves = [tensor.detach().float().requires_grad_() for tensor in model.given]
    expected = DirectionLoss()(*leaves)
    gradients = torch.autograd.grad(loss, model.given)
    assert torch.equal(loss, expected)
    for found, exact in zip(gradients, torch.autograd.grad(expected, leaves), strict=True):
        assert torch.equal(found, exact.to(autocast))


def test_declared_views_reach_the_loss() -> None:
    inputs = torch.zeros(2, 3, 4, 4)
    losses = Score()(inputs, mode='loss', inputs_noisy=inputs + 1, inputs_grey=inputs - 2)
    assert {name: float(value) for name, value in losses.items()} == dict(loss_inputs_noisy=1, loss_inputs_grey=-2)


@pytest.mark.parametrize(('views', 'sentence'), [
    (('inputs_noisy',), 'trains on the view inputs_grey, which the pipeline does not make: .* sets img_grey'),
    (('inputs_noisy', 'inputs_grey', 'inputs_odd'), 'the view inputs_odd, which it does not declare')])
def test_views_that_are_missing_or_that_nobody_declared(views: tuple[str, ...], sentence: str) -> None:
    inputs = torch.zeros(1, 3, 4, 4)
    with pytest.raises(UserError, match=sentence):
        Score()(inputs, mode='loss', **dict.fromkeys(views, inputs))
    with pytest.raises(UserError, match='inputs_odd'):
        Score()(inputs, [AnomalyDataSample()], mode='predict', inputs_odd=inputs)


def test_each_optimiser_steps_on_the_losses_of_its_part_alone() -> None:
    """Worked by hand: d(ab)/da = b for the first part, then -d(ab)/db = -a with the new a for the second."""
    model = Parts()
    a, b = 0.5, 0.25
    model.first.weight.data.fill_(a)
    model.second.weight.data.fill_(b)
    wrappers = OptimWrapperDict(**{
        name: OptimWrapper(torch.optim.SGD(getattr(model, name).parameters(), lr=0.1)) for name in ('first', 'second')})
    for _ in range(2):
        logs = model.train_step(dict(inputs=torch.ones(1, 1)), wrappers)
        product = a * b
        a -= 0.1 * b
        expected = {'first.loss_pull': product, 'second.loss_pull': -a * b, 'loss': product - a * b}
        b += 0.1 * a
        assert {name: float(logs[name]) for name in expected} == pytest.approx(expected, rel=1e-5)
    assert [float(part.weight) for part in (model.first, model.second)] == pytest.approx([a, b], rel=1e-5)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_part_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match=r"entry 'third'.* first, second"), training_only(Parts(), 'third'):
        pass


def test_buffers_take_the_size_of_the_checkpoint() -> None:
    model = Bank()
    model.collect(torch.rand(5, 3, 2, 2), [])
    again = Bank()
    again.load_state_dict(model.state_dict())
    assert again.bank.shape == (5, 3) and torch.equal(again.bank, model.bank)
    with pytest.raises(RuntimeError, match='the bank has no rows'):
        Bank().load_state_dict(dict(bank=torch.rand(5)))


def test_a_way_of_training_that_a_model_does_not_have() -> None:
    with pytest.raises(UserError, match="type='FitOnceLoop'"):
        Bank()(torch.zeros(1, 3, 2, 2), mode='loss')
    with pytest.raises(UserError, match='EpochBasedTrainLoop'):
        Score().collect(torch.zeros(1, 3, 2, 2), [])
