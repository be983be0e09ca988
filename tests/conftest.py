"""Settings of the whole suite."""
import random

import fdrd  # noqa: F401 (before any test imports mmdet: supplies mmcv's operators, registers the components)
import numpy as np
import pytest
import torch

torch.set_num_threads(1)  # the tensors are tiny: threads would wait for each other most of the time


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Every test sees the same random numbers, whichever tests ran before it."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
