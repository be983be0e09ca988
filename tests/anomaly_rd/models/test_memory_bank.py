"""PatchCore as a model: what it keeps, what it says, and that a checkpoint and a file say the same."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn.functional import interpolate

from anomaly_rd.models import MemoryBank
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.models.anomaly_model import TRAINING_SCORES


def build(**options: Any) -> MemoryBank:
    init_default_scope('anomaly_rd')
    torch.manual_seed(0)
    return MODELS.build(dict(type='MemoryBank', teacher=dict(type='ResNetTeacher', depth=18, weights=None),
                             data_preprocessor=dict(type='AnomalyDataPreprocessor')) | options).eval()


def fitted(images: Tensor, **options: Any) -> MemoryBank:
    model = build(**options)
    with torch.no_grad():
        for batch in images.split(3):
            model.collect(batch, [])
        model.finish_fit()
    return model


def stripes(count: int, defects: bool = False) -> Tensor:
    """Stripes of some phase with a little noise, and a bright disc in defective ones."""
    rng = np.random.default_rng(count)
    y, x = np.mgrid[:64, :64]
    found = []
    for _ in range(count):
        image = np.sin(x / 3 + rng.uniform(0, 6)) + 0.1 * rng.standard_normal((64, 64))
        if defects:
            cy, cx = rng.integers(16, 48, 2)
            image[(y - cy)**2 + (x - cx)**2 < 36] = 2
        found.append(np.repeat(image[None], 3, 0))
    return torch.tensor(np.stack(found), dtype=torch.float32)


@pytest.mark.parametrize('options', [dict(), dict(levels=(1, 2, 3)), dict(embedding=dict(dims=100))])
def test_rows_of_the_bank_are_patches_that_were_seen(options: dict) -> None:
    images = stripes(5)
    model = fitted(images, ratio=0.2, **options)
    with torch.no_grad():
        seen = model.embed(images).permute(0, 2, 3, 1).flatten(0, 2)
    assert model.bank.shape == (int(0.2 * len(seen)), model.embedding.length)
    assert torch.cdist(model.bank, seen, compute_mode='donot_use_mm_for_euclid_dist').amin(1).max() < 1e-5


def test_values_are_distances_to_the_nearest_row() -> None:
    model, images = fitted(stripes(4), ratio=0.1, neighbours=2), stripes(2, defects=True)
    with torch.no_grad():
        patches = model.embed(images).permute(0, 2, 3, 1)
        maps = model.score_maps(images)
    distances = torch.cdist(patches.flatten(0, 2).double(), model.bank.double()).topk(2, 1, largest=False).values
    expected = distances.mean(1).view(2, 8, 8)
    assert torch.allclose(maps.levels[0].double(), expected, rtol=1e-4)
    assert torch.allclose(maps.score.double(), expected.amax((1, 2)), rtol=1e-4)
    heat = interpolate(expected[:, None], (64, 64), mode='bilinear', align_corners=False)
    assert torch.allclose(maps.anomaly_map.double(), model.map_head.blur(heat[:, 0].float()).double(), rtol=1e-3)


def test_the_reference_takes_squares() -> None:
    images, test = stripes(4), stripes(2, defects=True)
    with torch.no_grad():
        root, square = (fitted(images, distance=name).score_maps(test) for name in ('l2', 'sq'))
    assert torch.allclose(root.levels[0].square(), square.levels[0], rtol=1e-4)
    assert not torch.allclose(root.anomaly_map.square(), square.anomaly_map, rtol=1e-2)  # they are smoothed


def test_a_bank_of_everything_finds_its_images_without_a_fault() -> None:
    images = stripes(3)
    model = fitted(images, ratio=1.0)
    with torch.no_grad():
        assert model.score_maps(images).score.max() < 1e-3 * model.bank.norm(dim=1).mean()
        assert (model.score_maps(images.roll(3, 3)).score > model.score_maps(images).score).all()
    assert TRAINING_SCORES in model.limits


def test_the_weight_of_the_worst_patch() -> None:
    """Equation 7 by hand: with four neighbours at the same distance the weight is 0.75."""
    model = build(reweight=4)
    model.bank = torch.eye(model.embedding.length)[:4] * 3
    rows = torch.zeros(1, 2, model.embedding.length)
    values, places = torch.tensor([[3.0, 1.0]]), torch.zeros(1, 2, dtype=torch.long)
    assert model._weighed(rows, values, places).item() == pytest.approx(0.75 * 3)
    rows[0, 0, 0] = 3000  # exp of such distances is infinite in float32
    values = torch.tensor([[2997.0, 1.0]])
    others = np.sqrt(3000**2 + 9)
    weight = 1 - 1 / (1 + 3 * np.exp(others - 2997))
    assert model._weighed(rows, values, places).item() == pytest.approx(weight * 2997, rel=1e-4)


def test_a_batch_is_its_images() -> None:
    model, images = fitted(stripes(4), reweight=3), stripes(3, defects=True)
    with torch.no_grad():
        together, alone = model.score_maps(images), [model.score_maps(image[None]) for image in images]
    assert torch.allclose(together.score, torch.cat([one.score for one in alone]), atol=1e-5)
    assert torch.allclose(together.anomaly_map, torch.cat([one.anomaly_map for one in alone]), atol=1e-5)


def test_a_checkpoint_gives_the_same_scores(tmp_path: Path) -> None:
    model, images = fitted(stripes(4)), stripes(2, defects=True)
    torch.save(model.state_dict(), tmp_path / 'bank.pth')
    fresh = build()
    fresh.load_state_dict(torch.load(tmp_path / 'bank.pth'))
    with torch.no_grad():
        assert torch.equal(fresh.score_maps(images).score, model.score_maps(images).score)
    other = build(embedding=dict(dims=20))
    with pytest.raises(RuntimeError, match=r'the bank \(\d+, 384\) has no rows of 20 numbers'):
        other.load_state_dict(model.state_dict())


def test_seeds_and_caps(messages: list[str]) -> None:
    images = stripes(6)
    first, second, other = fitted(images), fitted(images), fitted(images, seed=1)
    assert torch.equal(first.bank, second.bank) and not torch.equal(first.bank, other.bank)
    capped = fitted(images, max_patches=100, ratio=0.5, collect_dtype='float16')
    assert capped.bank.shape[0] == 50 and capped.bank.dtype == torch.float32
    assert any('384 patches were seen and max_patches=100 of them' in text and '284 were left out' in text
               for text in messages)


def test_it_finds_a_disc_on_stripes() -> None:
    model = fitted(stripes(8))
    with torch.no_grad():
        good, bad = model.score_maps(stripes(20)).score, model.score_maps(stripes(21, defects=True)).score
    assert roc_auc_score([0] * 20 + [1] * 21, torch.cat([good, bad])) > 0.95


@pytest.mark.parametrize(('options', 'said'), [
    (dict(ratio=0), r'model\.ratio is 0'), (dict(ratio=1.5), r'model\.ratio is 1\.5'),
    (dict(neighbours=0), r'model\.neighbours is 0'), (dict(reweight=-1), r'model\.reweight is -1'),
    (dict(max_patches=0), r'model\.max_patches is 0'), (dict(levels=(0, 2)), r'model\.levels is \(0, 2\)'),
    (dict(levels=(2, 4)), 'needs a teacher with 4 levels'), (dict(distance='cosine'), 'distance'),
    (dict(reweight=9, map_head=dict(score='max')), 'it needs map_head'), (dict(start='first'), 'start')])
def test_values_out_of_range(options: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        build(**options)


def test_too_little_to_fit() -> None:
    with pytest.raises(UserError, match='has seen no image'):
        build().finish_fit()
    with pytest.raises(UserError, match='the bank has 6 rows of 64 patches, fewer than the 9'):
        fitted(stripes(1), reweight=9)
