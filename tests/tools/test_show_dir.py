"""tools/test.py --show-dir: ground truth and predictions in pixels of the original image."""
import cv2
import numpy as np

from fdrd.visualization import pictures
from helpers import build, detector_cfg, runner_cfg, save_checkpoint, write_coco


def test_pictures_in_pixels_of_the_original_image(tmp_path, monkeypatch, call):
    annotations = write_coco(tmp_path / 'data', count=3)
    cfg = runner_cfg(tmp_path / 'run', annotations, detector_cfg())
    pipeline = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(192, 128), keep_ratio=True),
                dict(type='LoadAnnotations', with_bbox=True),
                dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]
    dataset = dict(cfg.train_dataloader.dataset, test_mode=True, pipeline=pipeline)
    cfg.merge_from_dict(dict(
        test_dataloader=dict(batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
                             dataset=dataset),
        test_cfg=dict(type='TestLoop'), test_evaluator=dict(type='InspectionCocoMetric', ann_file=str(annotations))))
    cfg.dump(tmp_path / 'config.py')
    model = build(detector_cfg())
    model.bbox_head.gfl_cls.bias.data += 6  # sure of everything
    checkpoint = save_checkpoint(model, tmp_path / 'a.pth')
    drawn = []
    original = pictures.side_by_side
    monkeypatch.setattr(pictures, 'side_by_side', lambda *args: drawn.append(args) or original(*args))
    status, _, error = call('test', tmp_path / 'config.py', checkpoint, '--show-dir', 'seen', '--work-dir',
                            tmp_path / 'run')
    assert status == 0, error
    assert sorted(p.name for p in (tmp_path / 'run' / 'seen').iterdir()) == ['0000_1.png', '0001_2.png', '0002_3.png']
    for image, truth, (boxes, scores, _), classes, score_thr in drawn:
        # write_coco draws its one object with the value 230 on a darker image
        rows, columns = np.nonzero((image == 230).all(axis=2))
        assert truth.boxes.tolist() == [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]
        assert len(boxes) == len(scores) > 10 and scores.min() >= 0.3 == score_thr
        assert boxes.min() >= 0 and 64 < boxes[:, 2].max() <= 96 and 32 < boxes[:, 3].max() <= 64
        assert len(truth.labels) == 1 and tuple(classes) == ('a', 'b') and image.shape == (64, 96, 3)
    assert cv2.imread(str(tmp_path / 'run' / 'seen' / '0000_1.png')).shape[1] == 2 * (8 * 96 + 36)
