import pytest
import torch
from mmdet.models.utils import unpack_gt_instances

from fdrd.tracing import recording_targets
from helpers import HEADS, LEVELS, SIZE, batch, build_head, features


def labelled(boxes: int | None = 2, visible: tuple[int, int] = SIZE) -> tuple:
    """Objects, ignored objects and image information of two images, padded where ``visible`` is smaller."""
    samples = batch(2, boxes)[1]
    for sample in samples:
        sample.set_metainfo(dict(img_shape=visible, pad_shape=visible))
    return unpack_gt_instances(samples)


def record(head: torch.nn.Module, labels: tuple):
    instances, ignored, metas = labels
    with recording_targets(head) as targets:
        losses = head.loss_by_feat(*head(features()), instances, metas, ignored)
    return targets, losses


@pytest.mark.parametrize('kind', HEADS)
@pytest.mark.parametrize('boxes', [2, None])
@pytest.mark.parametrize('visible', [SIZE, (40, 50)])
def test_recorded_assignment_is_the_one_that_the_head_computes(kind: str, boxes: int | None,
                                                               visible: tuple[int, int]) -> None:
    head, labels = build_head(kind), labelled(boxes, visible)
    instances, ignored, metas = labels
    targets, _ = record(head, labels)
    anchors, flags = head.get_anchors(LEVELS, metas, device='cpu')
    result = head.get_targets(anchors, flags, instances, metas, batch_gt_instances_ignore=ignored)
    result = result[1:] if kind != 'RetinaNet' else result  # GFL and ATSS return the anchors first
    for level in range(5):
        assert torch.equal(targets.labels[level], result[0][level])
        assert torch.equal(targets.label_weights[level], result[1][level])
    assert targets.num_positives.item() == result[4]


@pytest.mark.parametrize('kind', HEADS)
def test_positives_and_padding_by_counting(kind: str) -> None:
    head = build_head(kind)
    targets, _ = record(head, labelled(2, (40, 50)))
    counts = torch.zeros(2)
    for labels in targets.labels:
        counts += (labels < 2).sum(dim=1)
    assert counts.min() >= 1 and targets.num_positives.item() == counts.sum().item()
    per_location = head.num_base_priors
    weights = targets.label_weights[0].reshape(2, 8, 12, per_location)
    if kind != 'RetinaNet':  # whose assigner also ignores boxes of middling overlap
        assert weights[:, :5, :7].all()
    assert not weights[:, 5:].any() and not weights[:, :, 7:].any()


def test_images_without_objects_count_as_one_positive_each() -> None:
    targets, _ = record(build_head(), labelled(None))
    assert targets.num_positives.item() == 2
    assert all((labels == 2).all() for labels in targets.labels)


@pytest.mark.parametrize('kind', HEADS)
def test_anchors_are_those_of_the_generator(kind: str) -> None:
    head = build_head(kind)
    targets, _ = record(head, labelled())
    expected = head.prior_generator.grid_priors(LEVELS, device='cpu')
    for ours, theirs in zip(targets.anchors, expected, strict=True):
        assert ours.shape == (2, *theirs.shape)
        assert all(torch.equal(image, theirs) for image in ours)


@pytest.mark.parametrize('kind', HEADS)
def test_recording_changes_no_loss_and_leaves_the_head_as_it_was(kind: str) -> None:
    head, labels = build_head(kind), labelled()
    instances, ignored, metas = labels
    plain = head.loss_by_feat(*head(features()), instances, metas, ignored)
    attributes = set(vars(head))
    _, losses = record(head, labels)
    assert losses.keys() == plain.keys()
    assert all(torch.equal(a, b) for k in plain for a, b in zip(plain[k], losses[k], strict=True))
    assert set(vars(head)) == attributes
    with pytest.raises(ZeroDivisionError), recording_targets(head):
        raise ZeroDivisionError
    assert set(vars(head)) == attributes
