"""The real-data benchmark collects what the runs wrote."""
import json
import statistics

import deeppcb


def test_collect_gives_mean_and_deviation_over_the_seeds(tmp_path, monkeypatch):
    monkeypatch.setattr(deeppcb, 'WORK', tmp_path)
    saved = {}
    monkeypatch.setattr(deeppcb, 'save', lambda name, **content: saved.update(content, name=name))
    student = next(row for row in deeppcb.ROWS if not row.teacher)
    values = {0: 0.25, 1: 0.35, 2: 0.30}
    for seed, value in values.items():
        folder = student.work_dir(seed)
        folder.mkdir()
        (folder / 'metrics.json').write_text(json.dumps({'coco/bbox_mAP': value, 'coco/recall_4_8': 0.5}))
    teacher = next(row for row in deeppcb.ROWS if row.teacher)
    teacher.work_dir(0).mkdir()
    (teacher.work_dir(0) / 'metrics.json').write_text(json.dumps({'coco/bbox_mAP': 0.6}))
    deeppcb.collect([0, 1, 2])
    rows = {row['name']: row for row in saved['rows']}
    assert rows[student.name]['runs'] == 3
    assert abs(rows[student.name]['mean']['mAP'] - 0.30) < 1e-12
    assert abs(rows[student.name]['std']['mAP'] - statistics.stdev(values.values())) < 1e-12
    assert rows[teacher.name]['runs'] == 1 and rows[teacher.name]['std'] == {}


def test_rows_name_configs_whose_last_epoch_they_test():
    from mmengine.config import Config
    for row in deeppcb.ROWS:
        cfg = Config.fromfile(deeppcb.ROOT / deeppcb.FOLDER / f'{row.config}.py')
        assert cfg.train_cfg.max_epochs == row.epochs
        if 'teacher_ckpt' in cfg.model:
            teacher = next(r for r in deeppcb.ROWS if r.config in cfg.model.teacher_ckpt)
            assert cfg.model.teacher_ckpt.endswith(f'{teacher.work_dir(0).name}/epoch_{teacher.epochs}.pth')
