from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import InfiniteSampler
from torch import Tensor, nn

from anomaly_rd.engine import TeacherIdentityHook, TeacherStatisticsHook
from anomaly_rd.models.teachers import ResNetTeacher
from mminspect.models.anomaly_model import AnomalyModel
from mminspect.models.checkpoint import TEACHER_KEY
from station_helpers import PIPELINE, loader_cfg


class Model(AnomalyModel):
    def __init__(self, digest):
        super().__init__()
        self.digest = digest

    def teacher_sha256(self):
        return self.digest


def saved(model):
    checkpoint = {}
    TeacherIdentityHook().before_save_checkpoint(SimpleNamespace(model=model), checkpoint)
    return checkpoint


def test_the_checkpoint_knows_its_teacher():
    assert saved(Model('ab' * 32)) == {TEACHER_KEY: 'ab' * 32}


def test_teachers_inside_of_checkpoints_and_models_without_one_need_no_name():
    assert saved(Model(None)) == saved(nn.Linear(1, 1)) == {}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Six images of noise, ever brighter."""
    folder = tmp_path / 'data' / 'plate' / 'train' / 'good'
    folder.mkdir(parents=True)
    for i in range(6):
        pixels = np.random.default_rng(i).integers(30 * i, 30 * i + 100, (32, 32, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f'{i}.png'), pixels)
    return tmp_path / 'data'


def runner(teacher: nn.Module, root: Path) -> SimpleNamespace:
    """As much of a Runner as the hook sees; its preprocessor doubles the images, its own data loader is none."""
    model = nn.Module()
    model.teacher = teacher
    model.data_preprocessor = lambda data, training: dict(data, inputs=torch.stack(data['inputs']) / 255 * 2)
    corrupting = loader_cfg(root, 'train', pipeline=[*PIPELINE[:-1], dict(type='CutPaste'), PIPELINE[-1]])
    cfg = Config(dict(train_dataloader=corrupting, test_dataloader=loader_cfg(root, 'test')))
    return SimpleNamespace(model=model, cfg=cfg, train_dataloader=None)


def images(root: Path) -> Tensor:
    """(6, 3, 32, 32), as the preprocessor gives them."""
    files = sorted((root / 'plate' / 'train' / 'good').iterdir())
    pixels = np.stack([cv2.imread(str(file))[..., ::-1] for file in files])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 * 2


def test_random_teacher_gets_statistics_of_the_preprocessed_images_once(root: Path) -> None:
    teacher, hook = ResNetTeacher(), TeacherStatisticsHook(batches=2)
    hook.before_train(runner(teacher, root))
    expected = teacher.conv1(images(root)[:4]).mean((0, 2, 3))  # two batches of two
    assert torch.allclose(teacher.bn1.running_mean, expected, atol=1e-4)
    before = teacher.bn1.running_mean.clone()
    TeacherStatisticsHook().before_train(runner(teacher, root))  # a resumed run brings them in its checkpoint
    assert torch.equal(teacher.bn1.running_mean, before)


def test_features_are_centred_by_it(root: Path) -> None:
    """Behind the last BatchNorm of level 1's first block, the training images have mean 0 and deviation 1."""
    teacher, seen = ResNetTeacher(), []
    calibration = runner(teacher, root)
    calibration.cfg.train_dataloader.batch_size = 6
    TeacherStatisticsHook().before_train(calibration)
    teacher.layer1[0].bn2.register_forward_hook(lambda _, __, out: seen.append(out.clone()))
    teacher(images(root))
    assert seen[0].mean((0, 2, 3)).abs().max() < 0.03 and (seen[0].std((0, 2, 3)) - 1).abs().max() < 0.03


def test_the_trainings_loader_is_left_alone(root: Path) -> None:
    """An infinite sampler has one iterator, whose end would be that of the training."""
    calibration, sampler = runner(ResNetTeacher(), root), InfiniteSampler(range(6), shuffle=False)
    calibration.train_dataloader = torch.utils.data.DataLoader(range(6), sampler=sampler)
    TeacherStatisticsHook(batches=2).before_train(calibration)
    assert [int(item) for _, item in zip(range(8), calibration.train_dataloader, strict=False)] == [*range(6), 0, 1]


def test_loaded_teacher_stays_as_it_is(tmp_path: Path, root: Path) -> None:
    torch.save(ResNetTeacher().state_dict(), tmp_path / 'weights.pth')
    teacher = ResNetTeacher(weights=str(tmp_path / 'weights.pth'))
    before = {k: v.clone() for k, v in teacher.state_dict().items()}
    TeacherStatisticsHook().before_train(runner(teacher, root))
    assert all(torch.equal(v, before[k]) for k, v in teacher.state_dict().items())


def test_models_without_a_teacher() -> None:
    TeacherStatisticsHook().before_train(SimpleNamespace(model=nn.Linear(1, 1)))
