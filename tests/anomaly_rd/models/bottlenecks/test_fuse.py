import pytest
import torch
from torch import nn

from anomaly_rd.models.bottlenecks.fuse import AdaptiveFuse
from mminspect.core.errors import UserError

OPTIONS = [dict(), dict(weight_channels='full'), dict(weight='static', size=(6, 8)),
           dict(weight='static', weight_channels='full', size=(6, 8))]


def maps(levels: int = 2) -> list[torch.Tensor]:
    return [torch.randn(2, 12, 6, 8, requires_grad=True) for _ in range(levels)]


@pytest.mark.parametrize('options', OPTIONS)
@pytest.mark.parametrize('levels', [2, 3])
def test_weights_sum_to_one_and_all_inputs_learn(options: dict, levels: int) -> None:
    fuse, inputs = AdaptiveFuse(12, levels, **options), maps(levels)
    if fuse.static is not None:
        nn.init.normal_(fuse.static)
    weights = fuse.weights(inputs)
    width = 12 if options.get('weight_channels') == 'full' else 1
    assert weights.shape == (1 if fuse.static is not None else 2, levels, width, 6, 8)
    assert torch.allclose(weights.sum(1), torch.ones(()), atol=1e-6) and weights.std() > 0.01
    fuse(inputs).square().sum().backward()
    assert all(x.grad.any() for x in inputs) and all(p.grad is not None for p in fuse.parameters())


def test_weighted_sum_by_hand() -> None:
    fuse, (a, b) = AdaptiveFuse(12), maps()
    fuse.out = nn.Identity()
    fuse.eval()
    compressed = torch.cat((fuse.compress[0](a), fuse.compress[1](b)), 1)
    logits = torch.einsum('oc,nchw->nohw', fuse.predict.weight[:, :, 0, 0], compressed)
    logits = logits + fuse.predict.bias[:, None, None]
    share = torch.sigmoid(logits[:, :1] - logits[:, 1:])  # a softmax over two
    assert torch.allclose(fuse((a, b)), share * a + (1 - share) * b, atol=1e-5)


def test_independent_weights() -> None:
    fuse = AdaptiveFuse(12, normalise='sigmoid')
    nn.init.constant_(fuse.predict.bias, 5)
    assert fuse.weights(maps()).sum(1).mean() > 1.8


def test_static_weights_begin_equal_and_fix_the_size() -> None:
    fuse = AdaptiveFuse(12, weight='static', size=(6, 8))
    assert (fuse.weights(maps()) == 0.5).all()
    with pytest.raises(UserError, match=r'static weights of \(6, 8\), the features are \(3, 4\)'):
        fuse([torch.randn(1, 12, 3, 4)] * 2)


def test_refinement() -> None:
    plain, refined = (sum(p.numel() for p in AdaptiveFuse(12, refine_blocks=n).parameters()) for n in (0, 4))
    assert refined - plain == 4 * (2 * 9 * 12 * 12 + 4 * 12)
