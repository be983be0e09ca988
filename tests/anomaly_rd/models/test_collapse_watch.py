import torch

from anomaly_rd.models.collapse_watch import CollapseWatch


def features(scale: float) -> list[torch.Tensor]:
    return [10 + torch.randn(4, 3, 8, 8), 10 + scale * torch.randn(4, 5, 4, 4)]


def warned(messages: list[str]) -> int:
    return sum('COLLAPSED' in message for message in messages)


def test_warns_once_when_one_level_becomes_constant(messages):
    watch = CollapseWatch(2)
    for scale in (1.0, 0.1, 0.04):  # variances 1, 0.01 and 0.0016
        watch(features(scale))
    assert not warned(messages)
    for scale in (0.02, 0.0):
        watch(features(scale))
    assert warned(messages) == 1
    assert 'level 2' in ' '.join(messages)


def test_start_survives_a_checkpoint(messages):
    first, second = CollapseWatch(2), CollapseWatch(2)
    first(features(1.0))
    second.load_state_dict(first.state_dict())
    second(features(0.0))
    assert warned(messages) == 1
