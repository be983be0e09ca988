import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from anomaly_rd.models.heads import CosineMapHead, GaussianBlur
from mminspect.core.errors import UserError

SIZE = (32, 48)


def levels(n: int = 2) -> list[Tensor]:
    return [torch.randn(n, c, SIZE[0] // s, SIZE[1] // s) for c, s in ((8, 4), (16, 8), (32, 16))]


def enlarge(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear with aligned corners, one axis after the other."""
    for axis, length in enumerate(size):
        grid = np.linspace(0, x.shape[axis] - 1, length)
        x = np.apply_along_axis(lambda v: np.interp(grid, np.arange(len(v)), v), axis, x)  # noqa: B023
    return x


def reference(teacher: list[Tensor], student: list[Tensor], fusion: str, sigma: float) -> np.ndarray:
    maps = []
    for row in range(len(teacher[0])):
        fused = 0.0 if fusion == 'sum' else 1.0
        for t, s in zip(teacher, student, strict=True):
            t, s = t[row].double().numpy(), s[row].double().numpy()
            m = enlarge(1 - (t * s).sum(0) / np.linalg.norm(t, axis=0) / np.linalg.norm(s, axis=0), SIZE)
            fused = fused + m if fusion == 'sum' else fused * m
        maps.append(gaussian_filter(fused, sigma))
    return np.stack(maps)


@pytest.mark.parametrize('fusion', ['sum', 'prod'])
@pytest.mark.parametrize('sigma', [0.0, 4.0])
def test_maps(fusion: str, sigma: float) -> None:
    teacher, student = levels(), levels()
    maps, scores, level_maps = CosineMapHead(fusion, sigma)(teacher, student, SIZE)
    expected = reference(teacher, student, fusion, sigma)
    np.testing.assert_allclose(maps.numpy(), expected, atol=1e-5)
    np.testing.assert_allclose(scores.numpy(), expected.max((1, 2)), atol=1e-5)
    assert [tuple(m.shape) for m in level_maps] == [(2, 8, 12), (2, 4, 6), (2, 2, 3)]


@pytest.mark.parametrize(('score', 'pick'), [
    ('max', lambda x: x.max()), ('mean', lambda x: x.mean()), ('topk_mean', lambda x: np.sort(x.ravel())[-7:].mean())])
def test_scores(score, pick) -> None:
    maps, scores, _ = CosineMapHead(score=score, topk=7)(levels(), levels(), SIZE)
    assert scores.tolist() == pytest.approx([pick(m) for m in maps.numpy()], rel=1e-5)


def test_orientation_and_range() -> None:
    """0 where both agree, 2 where they are opposite, and a defect in one level shows in a product only if in all."""
    teacher = levels()
    same = CosineMapHead(sigma=0)(teacher, teacher, SIZE)[0]
    assert same.min() >= 0 and same.max() < 1e-5
    opposite = CosineMapHead(sigma=0)(teacher, [-t for t in teacher], SIZE)[0]
    assert torch.allclose(opposite, torch.tensor(6.0))
    defect = [t.clone() for t in teacher]
    defect[0][:, :, 2, 3] *= -1
    assert CosineMapHead('sum')(teacher, defect, SIZE)[1].min() > 0.1
    assert CosineMapHead('prod')(teacher, defect, SIZE)[1].max() < 1e-4


def test_score_of_an_image_does_not_depend_on_its_batch() -> None:
    teacher, student, head = levels(), levels(), CosineMapHead()
    alone = [head([t[i:i + 1] for t in teacher], [s[i:i + 1] for s in student], SIZE)[1] for i in range(2)]
    assert torch.allclose(head(teacher, student, SIZE)[1], torch.cat(alone))


def test_float32_for_half_precision_under_autocast() -> None:
    teacher, student = ([t.bfloat16() for t in levels()] for _ in range(2))
    with torch.autocast('cpu', torch.bfloat16):
        maps, scores, level_maps = CosineMapHead()(teacher, student, SIZE)
    assert {t.dtype for t in (maps, scores, *level_maps)} == {torch.float32}
    expected = reference([t.float() for t in teacher], [s.float() for s in student], 'sum', 4.0)
    np.testing.assert_allclose(maps.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(('bad', 'words'), [(dict(fusion='max'), "fusion is 'max', known are sum, prod"),
                                            (dict(score='sum'), "score is 'sum', known are max, topk_mean, mean")])
def test_unknown_options(bad: dict, words: str) -> None:
    with pytest.raises(UserError, match=rf'map_head\.{words}'):
        CosineMapHead(**bad)


def test_score_of_no_pixels() -> None:
    with pytest.raises(UserError, match=r'map_head\.topk is 0'):
        CosineMapHead(score='topk_mean', topk=0)


@pytest.mark.parametrize('sigma', [0.4, 1.0, 4.0])
@pytest.mark.parametrize('size', [(64, 40), (16, 33), (5, 3)])  # the last two are smaller than the kernel of sigma 4
def test_parity_with_scipy(sigma: float, size: tuple[int, int]) -> None:
    maps = torch.rand(3, *size)
    for ours, x in zip(GaussianBlur(sigma)(maps), maps, strict=True):
        assert torch.allclose(ours, torch.from_numpy(gaussian_filter(x.numpy(), sigma)), atol=1e-5)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_changes_nothing(dtype: torch.dtype) -> None:
    maps = torch.rand(2, 16, 33)
    with torch.autocast('cpu', dtype):
        found = GaussianBlur()(maps)
    assert torch.equal(found, GaussianBlur()(maps))


def test_zero_sigma_changes_nothing() -> None:
    maps = torch.rand(2, 5, 6)
    assert torch.equal(GaussianBlur(0)(maps), maps)


def test_kernel_is_no_part_of_checkpoints() -> None:
    assert not GaussianBlur().state_dict()


@pytest.mark.parametrize('sigma', [-2, float('inf'), float('nan')])
def test_width_of_no_meaning(sigma: float) -> None:
    with pytest.raises(UserError, match='0 for none'):
        GaussianBlur(sigma)
