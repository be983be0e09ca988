# Row CKD: cross-head distillation from the plain teacher, no noise.
_base_ = './gfl_r18_320_8e_deeppcb.py'
model = dict(
    type='DistilledDetector',
    teacher_config='{{fileDirname}}/teacher-plain_r18_320_16e_deeppcb.py',
    teacher_ckpt='work_dirs/teacher-plain_r18_320_16e_deeppcb/epoch_16.pth',
    distillers=[dict(type='CrossHeadKD')])
custom_hooks = [*_base_.custom_hooks, dict(type='mmengine.DistillationStateHook')]
