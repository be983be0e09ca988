import pytest
import torch
from torch import Tensor, nn

from fdrd.tracing import resume_towers, trace_head
from helpers import HEADS, build_head, features


def assert_same(ours: tuple[list[Tensor], ...], theirs: tuple[list[Tensor], ...]) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert len(a) == len(b) == 5
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize('kind', HEADS)
@pytest.mark.parametrize('hold', [(), (0, ), (3, ), (0, 1, 2, 3, 4)])
def test_outputs_are_those_of_the_head(kind: str, hold: tuple[int, ...]) -> None:
    head, neck = build_head(kind), features()
    trace = trace_head(head, neck, hold)
    assert_same(trace.outputs, head(neck))
    assert trace.held.keys() == set(hold)
    assert trace.head is head and all(a is b for a, b in zip(trace.neck, neck, strict=True))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('kind', HEADS)
def test_under_autocast_layers_are_in_half_precision_and_outputs_in_float32(kind: str, dtype: torch.dtype) -> None:
    head, neck = build_head(kind), features()
    with torch.autocast('cpu', dtype):
        trace, expected = trace_head(head, neck, [3]), head(neck)
        resumed = resume_towers(head, *trace.held[3], start=3)
    assert_same(trace.outputs, expected)
    assert_same(resumed, expected)
    assert {x.dtype for part in trace.outputs for x in part} == {torch.float32} and trace.autocast == dtype
    assert {x.dtype for tower in trace.held[3] for x in tower} == {dtype}
    lifted = trace.in_float32()
    assert {x.dtype for tower in lifted.held[3] for x in tower} == {torch.float32}
    assert torch.equal(lifted.held[3][1][0], trace.held[3][1][0].float()) and lifted.autocast == dtype
    with trace.precision_of_layers():
        assert head.cls_convs[0].conv(neck[0]).dtype == dtype


def test_without_autocast_a_trace_stays_as_it_is() -> None:
    trace = trace_head(build_head().bfloat16(), tuple(x.bfloat16() for x in features()), [3])
    assert trace.autocast is None and trace.in_float32() is trace and trace.held[3][0][0].dtype == torch.bfloat16
    with torch.autocast('cpu', torch.float16), trace.precision_of_layers():
        assert not torch.is_autocast_enabled('cpu')


@pytest.mark.parametrize('kind', HEADS)
def test_held_features_are_those_before_the_activation(kind: str) -> None:
    head, neck, seen = build_head(kind), features(), {}
    for tower, convs in enumerate((head.cls_convs, head.reg_convs)):
        for number, conv in enumerate(convs, start=1):
            inner = conv.norm if conv.with_norm else conv.conv
            inner.register_forward_hook(
                lambda _, __, out, key=(number, tower): seen.setdefault(key, []).append(out.detach().clone()))
    head(neck)
    expected, seen = seen, {}
    trace = trace_head(head, neck, range(5))
    for number in range(1, 5):
        for tower in range(2):
            held = trace.held[number][tower]
            assert all(torch.equal(a, b) for a, b in zip(held, expected[number, tower], strict=True))
            assert min(h.min() for h in held) < 0  # a ReLU, in place or not, would have removed this
    assert all(a is b for tower in trace.held[0] for a, b in zip(tower, neck, strict=True))


@pytest.mark.parametrize('kind', HEADS)
@pytest.mark.parametrize('start', range(5))
def test_resuming_from_own_held_features_gives_own_outputs(kind: str, start: int) -> None:
    head, neck = build_head(kind), features()
    held = trace_head(head, neck, [start]).held[start]
    before = [h.clone() for tower in held for h in tower]
    assert_same(resume_towers(head, *held, start=start), head(neck))
    assert all(torch.equal(a, b) for a, b in zip(before, (h for tower in held for h in tower), strict=True))


@pytest.mark.parametrize(('start', 'skipped'), [(0, 0), (2, 2), (4, 4)])
def test_resuming_uses_the_remaining_convolutions_only(start: int, skipped: int) -> None:
    head, neck = build_head(), features()
    held = trace_head(head, neck, [start]).held[start]
    sum(t.sum() for part in resume_towers(head, *[[h.detach() for h in tower] for tower in held], start=start)
        for t in part).backward()
    for convs in (head.cls_convs, head.reg_convs):
        touched = [conv.conv.weight.grad is not None for conv in convs]
        assert touched == [False] * skipped + [True] * (4 - skipped)


def test_towers_of_any_length() -> None:
    head, neck = build_head(stacked_convs=2), features()
    trace = trace_head(head, neck, [2])
    assert_same(trace.outputs, head(neck))
    assert_same(resume_towers(head, *trace.held[2], start=2), head(neck))


def test_gradient_passes_through_the_trace() -> None:
    head, neck = build_head(), tuple(f.requires_grad_() for f in features())
    trace = trace_head(head, neck, [3])
    sum(o.square().sum() for part in trace.outputs for o in part).backward()
    expected = [f.grad.clone() for f in neck]
    for f in neck:
        f.grad = None
    sum(o.square().sum() for part in head(neck) for o in part).backward()
    assert all(torch.allclose(a, f.grad, rtol=1e-5) for a, f in zip(expected, neck, strict=True))


def test_trace_is_a_value() -> None:
    trace = trace_head(build_head(), features())
    with pytest.raises(AttributeError):
        trace.neck = ()
    assert isinstance(trace.head, nn.Module)
