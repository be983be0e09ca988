"""tools/analysis/heatmap.py from the command line."""
import cv2


def test_one_picture_per_image(call, config, checkpoint, tmp_path):
    pair = (config, checkpoint)
    status, out, err = call('analysis/heatmap', '--student', *pair, '--teacher', *pair, '--images',
                            tmp_path / 'data' / 'images' / '1.png', tmp_path / 'data' / 'images' / '2.png',
                            '--out', tmp_path / 'maps', '--level', 1)
    assert status == 0, err
    assert out == f'2 pictures in {tmp_path / "maps"}\n'
    pictures = sorted((tmp_path / 'maps').iterdir())
    assert [p.name for p in pictures] == ['1_level1.png', '2_level1.png']
    assert cv2.imread(str(pictures[0])) is not None


def test_mistakes(call, config, checkpoint, tmp_path):
    pair = ('--student', config, checkpoint, '--teacher', config, checkpoint, '--out', tmp_path / 'maps')
    status, _, err = call('analysis/heatmap', *pair, '--images', tmp_path / 'none')
    assert (status, err) == (2, f"error: image or folder '{tmp_path / 'none'}' does not exist: check the path\n")
    status, _, err = call('analysis/heatmap', *pair, '--images', tmp_path / 'data' / 'images', '--level', 5)
    assert (status, err) == (2, 'error: --level must be 0..4 for this detector, got 5\n')
    status, _, err = call('analysis/heatmap', '--student', config, tmp_path / 'none.pth', *pair[3:], '--images',
                          tmp_path / 'data' / 'images')
    assert status == 2 and 'none.pth does not exist' in err
    assert not (tmp_path / 'maps').exists()
