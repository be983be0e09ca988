import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from anomaly_rd.models.students import DecoderOnlyStudent, DenoisingStudent
from anomaly_rd.models.teachers import ResNetTeacher
from mminspect.core.errors import UserError


@pytest.mark.parametrize('side', [64, 256])
def test_shapes_and_size_of_the_default(side):
    student = DenoisingStudent()
    shapes = [tuple(level.shape) for level in student.eval()(torch.rand(1, 3, side, side))]
    assert shapes == [(1, 64, side // 4, side // 4), (1, 128, side // 8, side // 8), (1, 256, side // 16, side // 16)]
    encoder = sum(p.numel() for n, p in resnet18().named_parameters() if not n.startswith('fc.'))

    def stage(i: int, o: int) -> int:  # two basic blocks and, where the width changes, a 1 x 1 shortcut
        return 9 * i * o + 3 * 9 * o * o + 4 * 2 * o + (i * o + 2 * o if i != o else 0)

    decoder = stage(512, 512) + stage(512, 256) + stage(256, 128) + stage(128, 64)
    count = sum(p.numel() for p in student.parameters())
    assert count == encoder + decoder
    assert count == pytest.approx(24.7e6, rel=0.005)


def test_encoder_is_resnet18():
    """With the weights of torchvision's the encoder computes what torchvision's does."""
    theirs, student = resnet18().eval(), DenoisingStudent().eval()
    state = list(theirs.state_dict().values())[:-2]  # without fc
    ours = nn.ModuleList([student.stem, student.encoder])
    assert [v.shape for v in ours.state_dict().values()] == [v.shape for v in state]
    ours.load_state_dict(dict(zip(ours.state_dict(), state, strict=True)))
    theirs.avgpool = theirs.fc = nn.Identity()
    x = torch.rand(1, 3, 64, 64)
    assert torch.allclose(student.encoder(student.stem(x)).flatten(1), theirs(x), atol=1e-5)


def test_initialisation_is_kaiming_fan_out():
    student = DenoisingStudent(channels=(8, 16, 32), width=64)
    student.init_weights()
    conv = student.encoder[3][1].body[0]
    assert conv.weight.std().item() == pytest.approx((2 / (9 * 512))**0.5, rel=0.02)


def test_no_skip_connections():
    """Whatever the encoder passes on goes through the smallest map."""
    student = DenoisingStudent((4, 8, 16), width=4).eval()
    student.encoder[3].register_forward_hook(lambda *args: torch.zeros_like(args[2]))
    first, second = (student(torch.rand(1, 3, 64, 64)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_decoder_only():
    teacher = ResNetTeacher(depth=18, features=4)
    student = DecoderOnlyStudent(layout=teacher.layout)
    x = torch.rand(2, 3, 64, 64)
    levels = teacher(x)
    assert [s.shape for s in student(x, levels)] == [t.shape for t in levels[:3]]
    with pytest.raises(UserError, match='features=4'):
        student(x, levels[:3])
