# CrossKD for ATSS: boxes are decoded and compared by GIoU.
_base_ = [
    '../_base_/atss_r50.py', '../../_base_/datasets/medicine_liquid.py', '../../_base_/schedules/48e.py',
    '../../_base_/default_runtime.py'
]
model = dict(
    type='DistilledDetector',
    backbone=dict(depth=18, init_cfg=dict(checkpoint='torchvision://resnet18')),
    neck=dict(in_channels=[64, 128, 256, 512]),
    teacher_config='{{fileDirname}}/../detectors/atss_r50_48e_medicine.py',
    teacher_ckpt='work_dirs/atss_r50_48e_medicine/epoch_48.pth',
    distillers=[dict(type='CrossHeadKD', loss_reg=dict(type='GIoULoss', loss_weight=1.0))])
custom_hooks = [*_base_.custom_hooks, dict(type='mmengine.DistillationStateHook')]
