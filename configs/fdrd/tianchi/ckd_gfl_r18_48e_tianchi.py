_base_ = './gfl_r18_48e_tianchi.py'
published = 'table5/ckd'
model = dict(
    type='DistilledDetector',
    teacher_config='{{fileDirname}}/gfl_r50_48e_tianchi.py',
    teacher_ckpt='work_dirs/gfl_r50_48e_tianchi/epoch_48.pth',
    distillers=[dict(type='CrossHeadKD')])
custom_hooks = [*_base_.custom_hooks, dict(type='mmengine.DistillationStateHook')]
