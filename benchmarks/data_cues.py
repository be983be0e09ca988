"""What ``mminspect check`` finds in real data sets: trivial cues, copies, small objects.

    MMINSPECT_SHARED=FOLDER python benchmarks/data_cues.py

FOLDER holds ``data/`` with the sets; what is not there is left out.
"""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from common import ROOT, save
from mminspect import runtime
from mminspect.survey.comparing import NUMBERS
from mminspect.survey.conclusions import conclude, leaks_of
from mminspect.survey.surveying import Survey, survey

WORK = ROOT / 'work_dirs' / 'benchmarks' / 'data_cues'
ANOMALY = """_base_ = 'mminspect::anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec.py'
dataset = dict(_delete_=True, type='FolderDataset', data_root={root!r}, split='train', pipeline=_base_.pipeline)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dict(dataset, split='test'))
test_dataloader = val_dataloader
"""
DETECTION = """_base_ = ['mminspect::fdrd/_base_/gfl_r18.py', 'mminspect::_base_/datasets/coco_detection.py',
          'mminspect::_base_/schedules/48e.py', 'mminspect::_base_/default_runtime.py']
resize = dict(type='Resize', scale={scale}, keep_ratio=True)
mine = dict(data_root={root!r}, metainfo=dict(classes={classes}))
steps = [_base_.load_image, _base_.load_boxes, resize, _base_.flip, _base_.pack]
tests = [_base_.load_image, resize, _base_.load_boxes, _base_.pack_test]
train_dataloader = dict(dataset=dict(mine, ann_file={train!r}, data_prefix=dict(img={images[0]!r}), pipeline=steps))
val_dataloader = dict(dataset=dict(mine, ann_file={val!r}, data_prefix=dict(img={images[1]!r}), pipeline=tests))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file={root!r} + {val!r})
test_evaluator = val_evaluator
model = dict(bbox_head=dict(num_classes=len({classes})))
"""
COCO = dict(train='annotations_coco/instances_train.json', val='annotations_coco/instances_val.json',
            images=('JPEGImages/', 'JPEGImages/'))
#: Folder, template, and what it needs.
SETS: dict[str, tuple[str, str, dict[str, Any]]] = {
    'MVTec AD screw': ('mvtec_screw/screw', ANOMALY, {}),
    'MVTec AD transistor': ('mvtec_transistor/transistor', ANOMALY, {}),
    'AITEX fabric 02': ('aitex_fabric02/fabric02', ANOMALY, {}),
    'ELPV, monocrystalline': ('elpv_mono/elpv_mono', ANOMALY, {}),
    'DeepPCB at 320x320': ('deeppcb', DETECTION, dict(
        COCO, scale=(320, 320), classes=('open', 'short', 'mousebite', 'spur', 'copper', 'pin_hole'))),
    'BCCD at 640x480': ('bccd', DETECTION, dict(COCO, scale=(640, 480), classes=('RBC', 'WBC', 'Platelets'))),
    'particles in water at 256x256': ('bulk_water_particles', DETECTION, dict(
        scale=(256, 256), classes=('particle', ), train='instances_train.json', val='instances_val.json',
        images=('', ''))),
}


def row(name: str, found: Survey) -> dict[str, Any]:
    """What the table shows of one set."""
    cues = next(iter(found.cues.values()), [])
    objects = [thing for one in found.splits for thing in one.objects]
    leaks = leaks_of(found)
    return dict(
        name=name, images=len(found.paths), unreadable=sum(len(one.unreadable) for one in found.splits),
        cues={cue.name: round(cue.strength, 3) for cue in cues if cue.name in NUMBERS},
        telling=[cue.name for cue in cues if cue.telling], limit=found.limit, objects=len(objects),
        below_limit=sum(thing.after < found.limit for thing in objects),
        vanish=sum(not thing.after for thing in objects),
        usual_distance=round(found.copies.usual, 2) if found.paths else None,
        copies_within=sum(leak.count for leak in leaks if leak.first == leak.second),
        copies_between=sum(leak.count for leak in leaks if leak.first != leak.second),
        shifts={shift.name: round(max(shift.auroc, 1 - shift.auroc), 3) for shift in found.shifts},
        warnings=[f'{finding.level}: {finding.place}: {finding.text}'.replace(os.environ['MMINSPECT_SHARED'], '')
                  for finding in [*found.findings, *conclude(found)]])


def main() -> None:
    data = Path(os.environ['MMINSPECT_SHARED'], 'data')
    WORK.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, (folder, template, values) in SETS.items():
        if not (data / folder).is_dir():
            continue
        config = WORK / f'{Path(folder).name}.py'
        config.write_text(template.format(root=f'{data / folder}/', **values))
        rows.append(row(name, survey(runtime.load_config(str(config)), config.stem)))
        print(rows[-1], flush=True)
    save('data_cues', command='python benchmarks/data_cues.py', rows=rows)


if __name__ == '__main__':
    main()
