import pytest

from anomaly_rd.models.teachers import TeacherLayout


@pytest.mark.parametrize(('layout', 'channels', 'blocks', 'decoder'), [
    (TeacherLayout((64, 128, 256)), 512, 2, (2, 2, 2)),
    (TeacherLayout((64, 128, 256), 'basic', 34), 512, 3, (3, 4, 6)),
    (TeacherLayout((256, 512, 1024), 'bottleneck', 50, wide=True), 2048, 3, (3, 4, 6)),
])
def test_counts(layout: TeacherLayout, channels: int, blocks: int, decoder: tuple[int, ...]) -> None:
    assert (layout.embedding_channels, layout.embedding_blocks, layout.decoder_blocks) == (channels, blocks, decoder)
