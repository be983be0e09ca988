from pathlib import Path
from types import SimpleNamespace

import torch
from anomaly_rd.engine import TeacherStatisticsHook
from anomaly_rd.models.teachers import ResNetTeacher
from torch import Tensor, nn


def runner(teacher: nn.Module, images: int = 6) -> SimpleNamespace:
    """As much of a Runner as the hook sees; its preprocessor doubles the images."""
    model = nn.Module()
    model.teacher = teacher
    model.data_preprocessor = lambda data, training: dict(data, inputs=torch.stack(data['inputs']) * 2)
    batches = [dict(inputs=list(torch.rand(2, 3, 32, 32) + i)) for i in range(images // 2)]
    return SimpleNamespace(model=model, train_dataloader=batches)


def stem_mean(teacher: ResNetTeacher, batches: list[dict]) -> Tensor:
    return torch.stack([teacher.conv1(torch.stack(b['inputs']) * 2).mean((0, 2, 3)) for b in batches]).mean(0)


def test_random_teacher_gets_statistics_of_the_preprocessed_images_once() -> None:
    teacher, hook = ResNetTeacher(), TeacherStatisticsHook(batches=2)
    first = runner(teacher)
    hook.before_train(first)
    assert torch.allclose(teacher.bn1.running_mean, stem_mean(teacher, first.train_dataloader[:2]), atol=1e-4)
    before = teacher.bn1.running_mean.clone()
    hook.before_train(runner(teacher, 2))  # a resumed run brings them in its checkpoint
    assert torch.equal(teacher.bn1.running_mean, before)


def test_features_are_centred_by_it() -> None:
    """Behind the last BatchNorm of level 1's first block, the training images have mean 0 and deviation 1."""
    teacher, seen = ResNetTeacher(), []
    calibration = runner(teacher, 2)
    TeacherStatisticsHook().before_train(calibration)
    teacher.layer1[0].bn2.register_forward_hook(lambda _, __, out: seen.append(out.clone()))
    teacher(torch.stack(calibration.train_dataloader[0]['inputs']) * 2)
    assert seen[0].mean((0, 2, 3)).abs().max() < 0.03 and (seen[0].std((0, 2, 3)) - 1).abs().max() < 0.03


def test_loaded_teacher_stays_as_it_is(tmp_path: Path) -> None:
    torch.save(ResNetTeacher().state_dict(), tmp_path / 'weights.pth')
    teacher = ResNetTeacher(weights=str(tmp_path / 'weights.pth'))
    before = {k: v.clone() for k, v in teacher.state_dict().items()}
    TeacherStatisticsHook().before_train(runner(teacher))
    assert all(torch.equal(v, before[k]) for k, v in teacher.state_dict().items())


def test_models_without_a_teacher() -> None:
    TeacherStatisticsHook().before_train(SimpleNamespace(model=nn.Linear(1, 1)))
