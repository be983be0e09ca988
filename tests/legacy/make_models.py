"""Make what users of an earlier version have, small enough to be kept: checkpoints, an exported model, their answers.

    PYTHONPATH=EARLIER/projects python tests/legacy/make_models.py EARLIER [OUT.zip]

EARLIER is a checkout of that version, whose own commands run here as a user runs them: they render pictures, train two
tiny models on them, choose thresholds and export. version_0_1.zip beside this script is from version 0.1 (commit
19bc489e51af), the last one before inspection and station moved below mminspect; test_models.py opens them with the
present version. Made again by the same version, weights and answers are the same; nothing else runs this script.
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).resolve().parent

#: Teacher (inside of the checkpoint) and student with a thirty-second of a ResNet-18's channels.
ANOMALY = '''
_base_ = ['{root}/configs/anomaly_rd/demo/rd4ad_r18_10e_textures.py']
model = dict(
    teacher=dict(_delete_=True, type='BackboneTeacher', block='basic', depth=18, wide=False, backbone=dict(
        type='mmpretrain.ResNet', depth=18, stem_channels=2, base_channels=2, num_stages=3, strides=(1, 2, 2),
        dilations=(1, 1, 1), out_indices=(0, 1, 2))),
    decoder=dict(blocks=(1, 1, 1)), save_teacher=True)
train_pipeline = [dict(type='LoadInspectionImage'), dict(type='ResizeInspection', size=(64, 64)),
                  dict(type='PackAnomalyInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=4, val_interval=4)
default_hooks = dict(checkpoint=dict(save_optimizer=False))
'''
#: GFL with a sixteenth of a ResNet-18's channels; its few epochs give low scores, so that low ones are kept.
DETECTOR = '''
_base_ = ['{root}/configs/fdrd/demo/gfl_r18_slim_12e_vials.py']
model = dict(
    backbone=dict(base_channels=4, num_stages=3, strides=(1, 2, 2), dilations=(1, 1, 1), out_indices=(0, 1, 2)),
    neck=dict(in_channels=[4, 8, 16], out_channels=8),
    bbox_head=dict(in_channels=8, feat_channels=8, stacked_convs=1, reg_max=8, norm_cfg=dict(type='BN')),
    test_cfg=dict(score_thr=0.001, max_per_img=20))
train_cfg = dict(max_epochs=12, val_interval=12)
optim_wrapper = dict(optimizer=dict(lr=0.01))
param_scheduler = []
log_level = 'ERROR'
train_dataloader = dict(num_workers=0)
val_dataloader = dict(num_workers=0)
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_optimizer=False))
# no channels-last memory, in which torch's convolutions of so few channels write past their buffers
custom_hooks = [dict(type='mmengine.EpochSeedHook')]
'''


def main(earlier: str, out: str = str(HERE / 'version_0_1.zip')) -> None:
    """Everything, in a scratch folder whose relative paths are the only ones in the files."""
    root, archive = Path(earlier).resolve(), Path(out).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch, 'kept')
        target.mkdir()
        os.chdir(scratch)

        def tool(name: str, *arguments: str) -> None:
            environment = dict(os.environ, PYTHONPATH=str(root / 'projects'), MMINSPECT_DATA='data',
                               OMP_NUM_THREADS='1')
            subprocess.run([sys.executable, '-W', 'ignore', str(root / 'tools' / name), *arguments], check=True,
                           env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        tool('datasets/make_textures.py', 'data/textures', '--size', '64', '--train', '16', '--calibration', '24')
        tool('datasets/make_vials.py', 'data/vials', '--train', '24', '--val', '8', '--size', '160', '68')
        for name, text, epochs in (('anomaly', ANOMALY, 4), ('detector', DETECTOR, 12)):
            Path(f'{name}.py').write_text(text.format(root=root))
            tool('train.py', f'{name}.py', '--work-dir', name)
            keep_checkpoint(Path(name, f'epoch_{epochs}.pth'), target / f'{name}.pth')
            shutil.copy(f'{name}/{name}.py', target / f'{name}.py')
        tool('calibrate.py', str(target / 'detector.pth'), 'data/vials/images/val', '--false-reject-rate', '0.2',
             '--config', str(target / 'detector.py'))
        exported = str(target / 'anomaly.onnx')
        tool('deploy/export.py', 'anomaly/anomaly.py', 'anomaly/epoch_4.pth', '--out', exported)
        tool('calibrate.py', exported, 'data/textures/weave/calibration/good', '--false-reject-rate', '0.1')
        shutil.copy('data/textures/weave/test/hole/000.png', target / 'texture.png')
        shutil.copy('data/vials/images/val/val_00000.png', target / 'vial.png')
        answers = {model: answer(target / model, target / picture) for model, picture in (
            ('anomaly.pth', 'texture.png'), ('anomaly.onnx', 'texture.png'), ('detector.pth', 'vial.png'))}
        (target / 'answers.json').write_text(json.dumps(answers, indent=1) + '\n')
        with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as file:
            for path in sorted(target.iterdir()):
                file.write(path, path.name)


def keep_checkpoint(path: Path, out: Path) -> None:
    """A copy that does not name the scratch folder, as the record of the last checkpoint does."""
    checkpoint = torch.load(path, weights_only=False)
    information = checkpoint['message_hub']['runtime_info']
    information['last_ckpt'] = path.name
    torch.save(checkpoint, out)


def answer(model: Path, picture: Path) -> dict[str, Any]:
    """What the earlier version says about a picture."""
    from inspection import load_inspector  # as it was called in that version
    config = model.with_suffix('.py') if model.suffix == '.pth' else None
    inspector = load_inspector(model, config)
    result = inspector(picture)
    found = result.detections
    return dict(
        picture=picture.name, score=result.score, is_defect=result.is_defect, threshold=inspector.threshold.value,
        threshold_images=inspector.threshold.count,
        boxes=found.boxes.tolist(), box_scores=found.scores.tolist(), fingerprint=inspector.spec.fingerprint,
        map=None if result.anomaly_map is None else result.anomaly_map[::8, ::8].tolist())


if __name__ == '__main__':
    main(*sys.argv[1:])
