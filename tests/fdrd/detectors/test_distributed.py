"""One process per device: gradients of all processes agree, and every parameter of the student takes part."""
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.model import MMDistributedDataParallel

from helpers import KD, batch, build, detector_cfg, distilled_cfg, total

WORLD = 2
TERMS = [KD['GFL'], dict(type='LocalizationKD')]


def worker(rank: int, folder: Path, empty_rank: int) -> None:
    """Two steps on other images than the other process; the second would fail after unused parameters in the first."""
    torch.set_num_threads(1)
    os.environ['GLOO_SOCKET_IFNAME'] = 'lo'
    dist.init_process_group('gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=WORLD,
                            timeout=timedelta(seconds=60))
    student = build(distilled_cfg(distillers=TERMS, teacher=dict(model=detector_cfg(width=64))))
    model = MMDistributedDataParallel(student, find_unused_parameters=False)
    assert not any('teacher' in name for name in model.state_dict())
    for seed in (0, 2):
        model.zero_grad()
        inputs, samples = batch(1, None if rank == empty_rank else 2, seed=seed + rank)
        losses = model(inputs, samples, mode='loss', inputs_clean=inputs + 0.1)
        total(losses).backward()
    torch.save(dict(gradients={k: p.grad for k, p in student.named_parameters() if p.requires_grad},
                    teacher={k: v for k, v in student.teacher.state_dict().items()},
                    losses={k: [v.item() for v in values] for k, values in losses.items()}), folder / f'{rank}.pth')
    dist.destroy_process_group()


@pytest.mark.parametrize('empty_rank', [-1, 1])
def test_two_processes_agree_without_looking_for_unused_parameters(empty_rank: int, tmp_path: Path) -> None:
    context = mp.start_processes(worker, (tmp_path, empty_rank), nprocs=WORLD, join=False, start_method='fork')
    deadline = time.monotonic() + 120
    while not context.join(timeout=1):
        assert time.monotonic() < deadline, 'the processes wait for each other'
    first, second = (torch.load(tmp_path / f'{rank}.pth') for rank in range(WORLD))
    assert first['losses'] != second['losses']
    for name, gradient in first['gradients'].items():
        assert gradient is not None and gradient.isfinite().all(), name
        assert torch.equal(gradient, second['gradients'][name]), name
    assert all(torch.equal(v, second['teacher'][k]) for k, v in first['teacher'].items())
    adapters = [g for name, g in first['gradients'].items() if name.endswith('adapters.0.weight')]
    assert len(adapters) == 1 and adapters[0].any()
