from pathlib import Path

import pytest
import torch

from helpers import detector_cfg, runner_cfg, write_coco
from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.runtime.runner import has_amx_tiles


def test_runner_is_built_or_the_mistake_is_named(tmp_path: Path) -> None:
    cfg = runner_cfg(tmp_path / 'run', write_coco(tmp_path / 'data'), detector_cfg())
    assert type(runtime.build_runner(cfg).model).__name__ == 'GFL'
    cfg.custom_hooks = [dict(type='CheckInvalidLosHook')]
    cfg.experiment_name = 'second'
    with pytest.raises(UserError, match='CheckInvalidLossHook'):
        runtime.build_runner(cfg)


def test_launcher_needs_torchrun(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv('RANK', raising=False)
    with pytest.raises(UserError, match='torchrun'):
        runtime.build_runner(runner_cfg(tmp_path, tmp_path / 'a.json', detector_cfg(), launcher='pytorch'))


@pytest.mark.parametrize(('launcher', 'given', 'sentence'), [
    ('slurm', (), 'needs SLURM_PROCID in the environment: start the tool with srun'),
    ('slurm', ('SLURM_PROCID', 'SLURM_NTASKS'), 'needs SLURM_NODELIST'),
    ('slurm', ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_NODELIST'), 'needs a GPU for each process'),
    ('mpi', (), 'needs OMPI_COMM_WORLD_LOCAL_RANK in the environment: start the tool with mpirun')])
def test_launchers_of_clusters_need_their_environment(launcher: str, given: tuple, sentence: str, tmp_path: Path,
                                                      monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    for name in ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_NODELIST', 'OMPI_COMM_WORLD_LOCAL_RANK'):
        monkeypatch.delenv(name, raising=False)
    for name in given:
        monkeypatch.setenv(name, '0')
    with pytest.raises(UserError, match=f'--launcher {launcher} {sentence}'):
        runtime.build_runner(runner_cfg(tmp_path, tmp_path / 'a.json', detector_cfg(), launcher=launcher))


@pytest.mark.parametrize('answer', [True, False])
def test_bfloat16_is_fast_where_torch_says_so(answer: bool, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.cpu, '_is_amx_tile_supported', lambda: answer, raising=False)
    assert has_amx_tiles() is answer and runtime.fast_bf16() is answer


def test_torch_without_its_private_question_is_not_fast(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.delattr(torch.cpu, '_is_amx_tile_supported', raising=False)
    assert runtime.fast_bf16() is False
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    assert runtime.fast_bf16() is True
