"""The type that operators compute in."""

import pytest
import torch

from mmcv_fallback.precision import compute_dtype


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_reduced_types_are_widened(dtype: torch.dtype) -> None:
    assert compute_dtype(dtype) == torch.float32


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_other_types_are_kept(dtype: torch.dtype) -> None:
    assert compute_dtype(dtype) == dtype
